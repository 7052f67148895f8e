import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { composeFields } from '../../../pipeline/motion/compose.ts';
import { fieldOf, motionOf } from '../../support/block-fields.ts';

const size = { columns: 4, rows: 3 };
const even = (dx: number, dy: number) => fieldOf(size, () => [dx, dy]);
const rowOf = (field: ReturnType<typeof fieldOf>, row = 1) => motionOf(field)[row];

describe('composition', () => {
  test('reads the earlier field where the content was, not where it is', () => {
    const later = even(8, 0);
    const earlier = fieldOf(size, ({ column }) => [column, -column]);
    expect(rowOf(composeFields(later, earlier))).toEqual([undefined, [8, 0], [9, -1], [10, -2]]);
  });

  test('reads between blocks in proportion', () => {
    const later = even(-2, 0);
    const earlier = fieldOf(size, ({ column }) => [4 * column, 0]);
    // A quarter of a block to the right of each centre; past the last centre the last block goes on.
    expect(rowOf(composeFields(later, earlier))).toEqual([
      [-1, 0],
      [3, 0],
      [7, 0],
      [10, 0],
    ]);
  });

  test('masks what comes from outside on each side', () => {
    const still = even(0, 0);
    const valid = (dx: number, dy: number) => composeFields(even(dx, dy), still).valid.join('');
    expect(valid(5, 0)).toBe('011101110111');
    expect(valid(-5, 0)).toBe('111011101110');
    expect(valid(0, 5)).toBe('000011111111');
    expect(valid(0, -5)).toBe('111111110000');
    expect(valid(4, 4)).toBe('111111111111');
  });

  test('masks a block when any hop is masked', () => {
    const laterHole = fieldOf(size, ({ column }) => (column === 2 ? undefined : [0, 0]));
    expect(rowOf(composeFields(laterHole, even(1, 1)))).toEqual([[1, 1], [1, 1], undefined, [1, 1]]);
    const earlierHole = fieldOf(size, ({ column }) => (column === 1 ? undefined : [3, 0]));
    expect(rowOf(composeFields(even(8, 0), earlierHole))).toEqual([undefined, [11, 0], undefined, [11, 0]]);
  });

  test('leaves masked neighbours out of what it reads', () => {
    const earlier = fieldOf(size, ({ column }) => (column === 1 ? undefined : [6, 0]));
    // A quarter of the way from block 2 towards the masked block 1.
    expect(rowOf(composeFields(even(2, 0), earlier))![2]).toEqual([8, 0]);
  });

  test('of even motion is the sum', () => {
    const inside = fc.double({ min: -3, max: 3, noNaN: true });
    fc.assert(
      fc.property(inside, inside, inside, inside, (ax, ay, bx, by) => {
        const total = composeFields(even(bx, by), even(ax, ay));
        expect(total.valid.every(Boolean)).toBe(true);
        expect(total.dx[5]).toBeCloseTo(ax + bx, 5);
        expect(total.dy[5]).toBeCloseTo(ay + by, 5);
      }),
    );
  });

  test('leaves its inputs as they are', () => {
    const later = even(1, 2);
    const earlier = even(3, 4);
    composeFields(later, earlier);
    expect([later, earlier]).toEqual([even(1, 2), even(3, 4)]);
  });

  test('of fields with other blocks is a fault', () => {
    expect(() =>
      composeFields(
        even(0, 0),
        fieldOf({ columns: 5, rows: 3 }, () => [0, 0]),
      ),
    ).toThrow('same blocks');
  });
});
