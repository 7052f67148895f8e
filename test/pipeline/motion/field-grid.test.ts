import { describe, expect, test } from 'vitest';
import { stillField, toGridField } from '../../../pipeline/motion/field-grid.ts';
import { fieldOf } from '../../support/block-fields.ts';

const one = { columns: 1, rows: 1 };

describe('a cell', () => {
  test('takes the vector median of its blocks, not their mean', () => {
    const motions = [
      [1, 0],
      [1, 1],
      [30, -20],
      [1, 0.25],
    ] as const;
    const grid = toGridField(
      fieldOf({ columns: 4, rows: 1 }, ({ column }) => motions[column]),
      one,
    );
    expect([grid.dx[0]! * 32, grid.dy[0]! * 8]).toEqual([1, 0.25]);
  });

  test('weighs blocks by the area that they share with it', () => {
    // Three cells over four blocks: the middle one holds two thirds of blocks 1 and 2 each.
    const field = fieldOf({ columns: 4, rows: 1 }, ({ column }) => [column, 0]);
    const grid = toGridField(field, { columns: 3, rows: 1 });
    expect(Array.from(grid.dx, (dx) => Math.round(dx * 32))).toEqual([0, 1, 3]);
  });

  test('carries a vector where at least half of its area does', () => {
    const half = fieldOf({ columns: 4, rows: 1 }, ({ column }) => (column < 2 ? [4, 2] : undefined));
    expect(toGridField(half, one)).toEqual({
      dx: new Float32Array([4 / 32]),
      dy: new Float32Array([2 / 8]),
      mask: new Uint8Array([1]),
    });
    const less = fieldOf({ columns: 4, rows: 1 }, ({ column }) => (column < 1 ? [4, 2] : undefined));
    expect(toGridField(less, one)).toEqual({
      dx: new Float32Array([0]),
      dy: new Float32Array([0]),
      mask: new Uint8Array([0]),
    });
  });
});

describe('a grid', () => {
  test('of 36 by 20 over 576 by 320 has one macroblock in each cell', () => {
    const field = fieldOf({ columns: 72, rows: 40 }, ({ column, row }) => [column >> 1, row >> 1]);
    const grid = toGridField(field, { columns: 36, rows: 20 });
    expect(grid.mask.every(Boolean)).toBe(true);
    expect(grid.dx).toEqual(Float32Array.from({ length: 720 }, (_, cell) => (cell % 36) / 576));
    expect(grid.dy).toEqual(Float32Array.from({ length: 720 }, (_, cell) => Math.floor(cell / 36) / 320));
  });

  test.each([
    [176, 144],
    [320, 180],
    [720, 405],
    [1280, 720],
    [1918, 1078],
    [16, 16],
  ])('over a picture of %i by %i keeps even motion as it is', (widthPx, heightPx) => {
    const blocks = { columns: Math.ceil(widthPx / 8), rows: Math.ceil(heightPx / 8) };
    const field = { ...fieldOf(blocks, () => [widthPx / 64, -heightPx / 32]), widthPx, heightPx };
    const grid = toGridField(field, { columns: 36, rows: 20 });
    expect(new Set(grid.mask)).toEqual(new Set([1]));
    expect(new Set(grid.dx)).toEqual(new Set([1 / 64]));
    expect(new Set(grid.dy)).toEqual(new Set([-1 / 32]));
  });

  test('without motion carries zeros everywhere', () => {
    const still = stillField({ columns: 2, rows: 2 });
    expect(still).toEqual({
      dx: new Float32Array(4),
      dy: new Float32Array(4),
      mask: new Uint8Array(4).fill(1),
    });
  });
});
