import { expect, it } from 'vitest';
import { extendNumber, firstNumber, follows } from '../../../pipeline/rtp/sequence-numbers.ts';

it('goes on over the wrap-around, forth and back', () => {
  const newest = firstNumber(65_534);
  expect(extendNumber(1, newest)).toBe(newest + 3);
  expect(extendNumber(65_533, newest + 3)).toBe(newest - 1);
});

it('takes 3000 numbers ahead and 1000 behind, and nothing else', () => {
  const newest = firstNumber(30_000);
  expect(extendNumber(33_000, newest)).toBe(newest + 3000);
  expect(extendNumber(33_001, newest)).toBeUndefined();
  expect(extendNumber(29_000, newest)).toBe(newest - 1000);
  expect(extendNumber(28_999, newest)).toBeUndefined();
  expect(extendNumber(62_768, newest)).toBeUndefined();
});

it('knows which number follows which', () => {
  expect([follows(65_535, 0), follows(7, 8), follows(8, 7), follows(7, 7)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
