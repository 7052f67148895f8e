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

/** A field of the same size and blocks without any vector. */
export const blankLike = (field: BlockField): BlockField => ({
  columns: field.columns,
  rows: field.rows,
  blockPx: field.blockPx,
  widthPx: field.widthPx,
  heightPx: field.heightPx,
  dx: new Float32Array(field.dx.length),
  dy: new Float32Array(field.dy.length),
  valid: new Uint8Array(field.valid.length),
});

/** Whether two fields have the same size and blocks. */
export const hasSameBlocks = (a: BlockField, b: BlockField): boolean =>
  a.columns === b.columns && a.rows === b.rows && a.blockPx === b.blockPx;
