import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellsOf, collectIds, placeIds, positionsOf } from '../../../client-sdk/protocol/positions.ts';
import { WireError } from '../../../client-sdk/protocol/wire-error.ts';
import { placedKeyframes } from '../arbitrary-messages.ts';

const GRID = { columns: 4, rows: 3 };

const bitmap = (...bytes: number[]): string => Buffer.from(bytes).toString('base64');

describe('positions', () => {
  it('are a bitmap in raster order, least significant bit first', () => {
    expect(positionsOf([1, 5, 8], GRID)).toBe(bitmap(0b0010_0010, 0b0000_0001));
    expect(cellsOf(bitmap(0b0010_0010, 0b0000_0001))).toEqual([1, 5, 8]);
    expect(positionsOf([], GRID)).toBe(bitmap(0, 0));
  });

  it('put each id in its cell, -1 elsewhere', () => {
    const placed = placeIds({ ids: [7, 8], positions: positionsOf([0, 11], GRID) }, GRID);
    expect([...placed]).toEqual([7, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 8]);
  });

  it('may be absent where every cell has an id', () => {
    const ids = Array.from({ length: 12 }, (_, id) => id);
    expect([...placeIds({ ids }, GRID)]).toEqual(ids);
    expect(() => placeIds({ ids: ids.slice(1) }, GRID)).toThrow('ids must be 12, got 11');
  });

  it('come back as they went, for any grid and any cells', () => {
    fc.assert(
      fc.property(placedKeyframes, ({ grid, placed }) => {
        const collected = collectIds(placed, grid);
        expect(placeIds(collected, grid)).toEqual(placed);
        const kept = placed.filter((id) => id >= 0);
        expect([...collected.ids]).toEqual([...kept]);
        expect(positionsOf(cellsOf(collected.positions), grid)).toBe(collected.positions);
      }),
    );
  });

  it.each([
    ['a bitmap of another grid', bitmap(1), 'positions must have 2 bytes for 12 cells, got 1'],
    ['a cell beyond the grid', bitmap(0, 0b1_0000), 'positions must name cells 0 to 11, got 12'],
    ['more cells than ids', bitmap(3, 0), 'positions must name 1 cells, one for each id, got 2'],
    ['fewer cells than ids', bitmap(0, 0), 'positions must name 1 cells, one for each id, got 0'],
    ['what is no base64', '*', 'not base64'],
  ])('refuse %s', (_, positions, message) => {
    const place = () => placeIds({ ids: [5], positions }, GRID);
    expect(place).toThrow(WireError);
    expect(place).toThrow(message);
  });
});
