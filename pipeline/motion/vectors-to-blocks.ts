import type { MotionVectors, PictureSize } from '../types.ts';
import type { BlockField } from './block-field.ts';

/** Edge of the blocks that vectors are spread over: the smallest block that decoders export vectors for. */
export const BLOCK_PX = 8;
const BLOCK_SHIFT = 3;

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
  const { columns, rows, dx, dy, valid } = field;
  const { count, records } = vectors;
  for (let at = 0; at < count * RECORD; at += RECORD) {
    if (records[at]! > 0) continue;
    const width = records[at + 1]!;
    const height = records[at + 2]!;
    const left = records[at + 5]! - (width >> 1);
    const top = records[at + 6]! - (height >> 1);
    const perUnit = -scale / records[at + 9]!;
    const moveX = records[at + 7]! * perUnit;
    const moveY = records[at + 8]! * perUnit;
    const firstColumn = Math.max(0, left >> BLOCK_SHIFT);
    const endColumn = Math.min(columns, (left + width + BLOCK_PX - 1) >> BLOCK_SHIFT);
    const firstRow = Math.max(0, top >> BLOCK_SHIFT);
    const endRow = Math.min(rows, (top + height + BLOCK_PX - 1) >> BLOCK_SHIFT);
    for (let row = firstRow; row < endRow; row++) {
      for (let index = row * columns + firstColumn; index < row * columns + endColumn; index++) {
        dx[index] = moveX;
        dy[index] = moveY;
        valid[index] = 1;
      }
    }
  }
  return field;
}

/** Share of a field's blocks that carry no vector, [0, 1]. */
export function maskedShare(field: BlockField): number {
  const { valid } = field;
  let moved = 0;
  for (let index = 0; index < valid.length; index++) moved += valid[index]!;
  return 1 - moved / valid.length;
}
