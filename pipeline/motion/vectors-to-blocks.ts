import type { MotionVectors, PictureSize } from '../types.ts';
import type { BlockField } from './block-field.ts';

/** Edge of the blocks that vectors are spread over: the smallest block that decoders export vectors for. */
export const BLOCK_PX = 8;

/** int32 numbers of one record of `MotionVectors`. */
const RECORD = 10;

/** A field whose blocks are all without a vector. */
export function maskedField(size: Pick<PictureSize, 'widthPx' | 'heightPx'>): BlockField {
  const columns = Math.ceil(size.widthPx / BLOCK_PX);
  const rows = Math.ceil(size.heightPx / BLOCK_PX);
  return {
    columns,
    rows,
    blockPx: BLOCK_PX,
    widthPx: size.widthPx,
    heightPx: size.heightPx,
    dx: new Float32Array(columns * rows),
    dy: new Float32Array(columns * rows),
    valid: new Uint8Array(columns * rows),
  };
}

/**
 * Spreads motion vectors over 8 px blocks. A vector points from a block to where its content was
 * (source = block + motion / scale), so the forward displacement is -motion / scale. Vectors into the future are
 * left out: a block that has no other is masked, as is one without any vector (intra coded).
 * `scale` multiplies the displacements, for references that lie more than one picture back.
 */
export function vectorsToBlocks(
  vectors: MotionVectors,
  size: Pick<PictureSize, 'widthPx' | 'heightPx'>,
  { scale = 1 }: { scale?: number } = {},
): BlockField {
  const field = maskedField(size);
  const { records } = vectors;
  for (let at = 0; at < vectors.count * RECORD; at += RECORD) {
    if (records[at]! > 0) continue;
    const perUnit = -scale / records[at + 9]!;
    fillBlocks(field, {
      left: records[at + 5]! - (records[at + 1]! >> 1),
      top: records[at + 6]! - (records[at + 2]! >> 1),
      width: records[at + 1]!,
      height: records[at + 2]!,
      dx: records[at + 7]! * perUnit,
      dy: records[at + 8]! * perUnit,
    });
  }
  return field;
}

interface MovedBlock {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly dx: number;
  readonly dy: number;
}

function fillBlocks(field: BlockField, moved: MovedBlock): void {
  const firstColumn = Math.max(0, Math.floor(moved.left / BLOCK_PX));
  const firstRow = Math.max(0, Math.floor(moved.top / BLOCK_PX));
  const endColumn = Math.min(field.columns, Math.ceil((moved.left + moved.width) / BLOCK_PX));
  const endRow = Math.min(field.rows, Math.ceil((moved.top + moved.height) / BLOCK_PX));
  for (let row = firstRow; row < endRow; row++) {
    for (let column = firstColumn; column < endColumn; column++) {
      const index = row * field.columns + column;
      field.dx[index] = moved.dx;
      field.dy[index] = moved.dy;
      field.valid[index] = 1;
    }
  }
}

/** Share of a field's blocks that carry no vector, [0, 1]. */
export function maskedShare(field: BlockField): number {
  let valid = 0;
  for (const each of field.valid) valid += each;
  return 1 - valid / field.valid.length;
}
