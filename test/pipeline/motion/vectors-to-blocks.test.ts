import { expect, test } from 'vitest';
import { maskedShare, vectorsToBlocks } from '../../../pipeline/motion/vectors-to-blocks.ts';
import type { MotionVectors } from '../../../pipeline/types.ts';
import { motionOf } from '../../support/block-fields.ts';

/** Records as FFmpeg makes them: source = destination + motion / scale. */
const vectorsOf = (
  ...records: {
    at: [number, number];
    size?: [number, number];
    motion: [number, number];
    scale?: number;
    source?: number;
  }[]
): MotionVectors => ({
  count: records.length,
  records: Int32Array.from(
    records.flatMap(({ at, size = [16, 16], motion, scale = 4, source = -1 }) => [
      source,
      ...size,
      at[0] + Math.trunc(motion[0] / scale),
      at[1] + Math.trunc(motion[1] / scale),
      ...at,
      ...motion,
      scale,
    ]),
  ),
});

const size = { widthPx: 32, heightPx: 16 };

test('the forward displacement is against the vector, in px', () => {
  const field = vectorsToBlocks(vectorsOf({ at: [8, 8], motion: [-10, 6] }), size);
  expect(motionOf(field)).toEqual([
    [[2.5, -1.5], [2.5, -1.5], undefined, undefined],
    [[2.5, -1.5], [2.5, -1.5], undefined, undefined],
  ]);
});

test('the scale tells half from quarter pixels', () => {
  const field = vectorsToBlocks(vectorsOf({ at: [8, 8], motion: [-10, 6], scale: 2 }), size);
  expect(motionOf(field)[0]![0]).toEqual([5, -3]);
});

test('each partition covers its own blocks', () => {
  const field = vectorsToBlocks(
    vectorsOf(
      { at: [8, 4], size: [16, 8], motion: [-4, 0] },
      { at: [4, 12], size: [8, 8], motion: [-8, 0] },
      { at: [20, 8], size: [8, 16], motion: [-12, 0] },
    ),
    size,
  );
  expect(motionOf(field)).toEqual([
    [[1, -0], [1, -0], [3, -0], undefined],
    [[2, -0], undefined, [3, -0], undefined],
  ]);
  expect(maskedShare(field)).toBe(3 / 8);
});

test('vectors into the future are left out, with the past the block keeps the past one', () => {
  const field = vectorsToBlocks(
    vectorsOf(
      { at: [8, 8], motion: [-4, -4] },
      { at: [8, 8], motion: [40, 40], source: 1 },
      { at: [24, 8], motion: [40, 40], source: 1 },
    ),
    size,
  );
  expect(motionOf(field)[0]).toEqual([[1, 1], [1, 1], undefined, undefined]);
});

test('blocks beyond the edge of a picture that is no multiple of 16 are left out', () => {
  const field = vectorsToBlocks(vectorsOf({ at: [24, 8], motion: [-4, 0] }), { widthPx: 20, heightPx: 12 });
  expect([field.columns, field.rows]).toEqual([3, 2]);
  expect(motionOf(field)[1]).toEqual([undefined, undefined, [1, -0]]);
});

test('a vector over several pictures can be scaled to a part of them', () => {
  const field = vectorsToBlocks(vectorsOf({ at: [8, 8], motion: [-12, 24] }), size, { scale: 1 / 3 });
  expect(motionOf(field)[0]![0]).toEqual([1, -2]);
});
