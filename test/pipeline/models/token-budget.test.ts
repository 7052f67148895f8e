import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../pipeline/errors.ts';
import { loadPack } from '../../../pipeline/models/pack.ts';
import { budgetOf } from '../../../pipeline/models/token-budget.ts';
import { DYNAMIC_PACK, TINY_PACK } from '../../support/packs.ts';

const { manifest } = await loadPack(DYNAMIC_PACK);
const { manifest: fixed } = await loadPack(TINY_PACK);
const thresholdOf = (tokens: number): number => budgetOf(manifest, tokens)!.threshold;

describe('budgetOf', () => {
  it('gives the rows of the calibration as they are', () => {
    expect(budgetOf(manifest, 32)).toEqual({ tokens: 32, threshold: 0.32, cap: 64 });
    expect(budgetOf(manifest, 64)).toEqual({ tokens: 64, threshold: 0.16, cap: 128 });
    expect(budgetOf(manifest, 256)).toEqual({ tokens: 256, threshold: -1, cap: 256 });
  });

  it('interpolates linearly between two rows', () => {
    expect(thresholdOf(48)).toBeCloseTo(0.24, 12);
    expect(thresholdOf(160)).toBeCloseTo(0.04 - 1.04 / 4, 12);
  });

  it('caps a picture at twice the mean and at the grid', () => {
    expect(budgetOf(manifest, 127)!.cap).toBe(254);
    expect(budgetOf(manifest, 129)!.cap).toBe(256);
  });

  it('takes the default of the pack where no number is given', () => {
    expect(budgetOf(manifest)).toEqual({ tokens: 128, threshold: 0.04, cap: 256 });
  });

  it('never asks more of a score for more tokens', () => {
    const tokens = fc.integer({ min: 32, max: 256 });
    fc.assert(
      fc.property(tokens, tokens, (a, b) => {
        expect(thresholdOf(Math.max(a, b))).toBeLessThanOrEqual(thresholdOf(Math.min(a, b)));
      }),
    );
  });

  it.each([31, 257, 0, -5, 100.5, Number.NaN])('refuses %d', (tokens) => {
    expect(() => budgetOf(manifest, tokens)).toThrow(ConfigError);
    expect(() => budgetOf(manifest, tokens)).toThrow(
      `keyframeTokens must be a whole number of 32 to 256 for the pack pack-dynamic, got ${tokens}`,
    );
  });

  it('knows none for a pack of fixed length, and refuses any number', () => {
    expect(budgetOf(fixed)).toBeUndefined();
    expect(() => budgetOf(fixed, 256)).toThrow(
      'keyframeTokens needs a pack of dynamic length or with a ladder of grids, got 256',
    );
  });
});
