/**
 * Motion between two pictures at the stream's own block resolution.
 * Forward displacement (now - before) in px of the coded picture, +x right, +y down.
 */
export interface BlockField {
  readonly columns: number;
  readonly rows: number;
  /** Block edge, px. */
  readonly blockPx: number;
  readonly widthPx: number;
  readonly heightPx: number;
  /** float32 [rows, columns], px. */
  readonly dx: Float32Array;
  readonly dy: Float32Array;
  /** uint8 [rows, columns]: 1 where the block carries a vector (inter coded), 0 where it is intra or unknown. */
  readonly valid: Uint8Array;
}
