import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../pipeline/errors.ts';
import { atGrid, gridOf, positionsIn } from '../../../pipeline/models/grid-ladder.ts';
import { loadPack } from '../../../pipeline/models/pack.ts';
import { budgetOf } from '../../../pipeline/models/token-budget.ts';
import { DYNAMIC_PACK, LADDER, LADDER_PACK, TINY_PACK } from '../../support/packs.ts';

const pack = await loadPack(LADDER_PACK);
const [small, middle, large] = LADDER;

describe('gridOf', () => {
  it.each([
    [64, small],
    [65, small],
    [107, small],
    [108, middle],
    [255, middle],
    [256, large],
    [undefined, middle],
  ])('gives for %s ids the largest grid with no more', (tokens, grid) => {
    expect(gridOf(pack.manifest, tokens)).toEqual(grid);
  });

  it('never gives fewer ids where more are asked for', () => {
    const tokens = fc.integer({ min: 64, max: 256 });
    const idsOf = (asked: number): number => positionsIn(gridOf(pack.manifest, asked));
    fc.assert(
      fc.property(tokens, tokens, (a, b) => {
        expect(idsOf(Math.max(a, b))).toBeGreaterThanOrEqual(idsOf(Math.min(a, b)));
        expect(idsOf(a)).toBeLessThanOrEqual(a);
      }),
    );
  });

  it.each([63, 257, 0, -5, 100.5, Number.NaN])('refuses %d, and names the sizes', (tokens) => {
    expect(() => gridOf(pack.manifest, tokens)).toThrow(ConfigError);
    expect(() => gridOf(pack.manifest, tokens)).toThrow(
      'keyframeTokens must be a whole number of 64 to 256 for the pack pack-ladder, ' +
        `whose keyframes are 8x8 (64), 12x9 (108) or 16x16 (256), got ${tokens}`,
    );
  });

  it('gives the only grid of any other pack', async () => {
    for (const folder of [TINY_PACK, DYNAMIC_PACK])
      expect(gridOf((await loadPack(folder)).manifest, 40)).toEqual(large);
  });
});

describe('atGrid', () => {
  it('leaves a pack with one grid, which no number changes', () => {
    const { visual } = atGrid(pack, 64).manifest;
    expect(visual).toEqual({
      ...pack.manifest.visual,
      ...small,
      ladder: { defaultTokens: 64, grids: [small] },
    });
    expect(atGrid(atGrid(pack, 64)).manifest.visual).toEqual(visual);
  });

  it('leaves packs without a ladder as they are', async () => {
    for (const folder of [TINY_PACK, DYNAMIC_PACK]) {
      const other = await loadPack(folder);
      expect(atGrid(other, 64)).toBe(other);
    }
  });
});

it('a ladder has no budget', () => {
  expect(budgetOf(pack.manifest)).toBeUndefined();
  expect(budgetOf(pack.manifest, 100)).toBeUndefined();
});
