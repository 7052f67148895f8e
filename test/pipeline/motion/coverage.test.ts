import { expect, test } from 'vitest';
import { CoverageTracker } from '../../../pipeline/motion/coverage.ts';
import { fieldOf } from '../../support/block-fields.ts';

const size = { columns: 8, rows: 4 };
const even = (dx: number, dy = 0) => fieldOf(size, () => [dx, dy]);

test('a still picture stays covered', () => {
  const coverage = new CoverageTracker();
  for (let step = 0; step < 50; step++) expect(coverage.push(even(0))).toBe(0);
});

test('what a pan brings in is uncovered, column by column', () => {
  const coverage = new CoverageTracker();
  expect([1, 2, 3].map(() => coverage.push(even(8)))).toEqual([1 / 8, 2 / 8, 3 / 8]);
});

test('a slow pan counts although no step of it crosses a block', () => {
  const coverage = new CoverageTracker();
  const shares = Array.from({ length: 20 }, () => coverage.push(even(1)));
  // The centre of the first column came from outside after more than 4 px, that of the second after more than 12.
  expect(shares).toEqual([...new Array(4).fill(0), ...new Array(8).fill(1 / 8), ...new Array(8).fill(2 / 8)]);
});

test('a pan back uncovers no more, and what was brought in stays so', () => {
  const coverage = new CoverageTracker();
  coverage.push(even(8));
  coverage.push(even(8));
  expect(coverage.push(even(-8))).toBe(2 / 8);
});

test('an intra block stays uncovered and moves with the picture', () => {
  const coverage = new CoverageTracker();
  const hole = fieldOf(size, ({ column, row }) => (column === 6 && row === 1 ? undefined : [0, 0]));
  expect(coverage.push(hole)).toBe(1 / 32);
  expect(coverage.push(even(0))).toBe(1 / 32);
  // It moves one block to the right, and then out of the picture, while 4 blocks of each column come in.
  expect(coverage.push(even(8))).toBe(5 / 32);
  expect(coverage.push(even(8))).toBe(8 / 32);
});

test('a field that is wholly masked uncovers everything', () => {
  const coverage = new CoverageTracker();
  coverage.push(even(0));
  expect(coverage.push(fieldOf(size, () => undefined))).toBe(1);
  expect(coverage.push(even(0))).toBe(1);
});

test('the fields stay as they are', () => {
  const field = even(8);
  new CoverageTracker().push(field);
  expect(field).toEqual(even(8));
});
