/** Decoded motion of one step of the pack's clock, as the preview carries it. */
export interface MotionField {
  readonly columns: number;
  readonly rows: number;
  /** int8 [rows, columns, 2]: forward displacement, dx then dy, in `unitFraction` of the width and of the height. */
  readonly steps: Int8Array;
  /** What one step stands for, as a fraction of the picture. */
  readonly unitFraction: number;
}
