import { describe, expect, it } from 'vitest';
import {
  denormalizeMotion,
  normalizeMotion,
  pixelNormalizer,
} from '../../../pipeline/models/normalization.ts';
import { loadPack } from '../../../pipeline/models/pack.ts';
import { TINY_PACK } from '../../support/packs.ts';

describe('pixelNormalizer', () => {
  it('makes planes of (p / 255 - mean) / std at the offset', async () => {
    const { manifest } = await loadPack(TINY_PACK);
    const visual = {
      ...manifest.visual,
      normalization: {
        mean: [0, 0.5, 1] as [number, number, number],
        std: [1, 0.5, 2] as [number, number, number],
      },
    };
    const target = new Float32Array(8).fill(9);
    pixelNormalizer(visual)(Uint8Array.of(0, 255, 0, 255, 0, 255), target, 2);
    expect([...target]).toEqual([9, 9, 0, 1, 1, -1, -0.5, 0]);
  });
});

describe('normalizeMotion', () => {
  const motion = Float32Array.of(0.01, 0.02, -0.03, 0.04);
  const mask = Uint8Array.of(1, 0);

  it('scales each axis by its own unit, in the slot, and empties masked cells', () => {
    const target = { motion: new Float32Array(8).fill(9), mask: new Float32Array(4).fill(9), slot: 1 };
    normalizeMotion({ type: 'linear', scale: [0.01, 0.02] }, { motion, mask }, target);
    expect([...target.motion]).toEqual([9, 9, 9, 9, 1, 0, -1.5, 0]);
    expect([...target.mask]).toEqual([9, 9, 1, 0]);
  });

  it.each(['asinh', 'linear'] as const)('is undone by denormalizeMotion (%s)', (type) => {
    const normalization = { type, scale: [0.004, 0.007] as [number, number] };
    const target = { motion: new Float32Array(4), mask: new Float32Array(2), slot: 0 };
    normalizeMotion(normalization, { motion, mask: Uint8Array.of(1, 1) }, target);
    const back = denormalizeMotion(normalization, target.motion);
    back.forEach((value, at) => {
      expect(value).toBeCloseTo(motion[at]!, 7);
    });
  });
});
