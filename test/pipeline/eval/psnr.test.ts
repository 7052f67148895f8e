import { describe, expect, it } from 'vitest';
import { BEST_DB, lumaOf, psnrDb } from '../../../pipeline/eval/psnr.ts';

describe('psnrDb', () => {
  it('is 10 log10 of peak power over mean squared difference', () => {
    // Squared differences 1, 0, 9, 0: mean 2.5.
    expect(psnrDb(Uint8Array.of(11, 20, 27, 0), Uint8Array.of(10, 20, 30, 0))).toBeCloseTo(
      10 * Math.log10(65025 / 2.5),
      12,
    );
    expect(psnrDb(Uint8Array.of(0), Uint8Array.of(255))).toBe(0);
  });

  it('counts nothing as better than the noise of rounding', () => {
    const original = new Uint8Array(256 * 256);
    const nearly = original.map((_, at) => (at % 13 === 0 ? 1 : 0));
    expect(BEST_DB).toBeCloseTo(58.923, 3);
    expect(psnrDb(original, original)).toBe(BEST_DB);
    expect(psnrDb(nearly, original)).toBe(BEST_DB);
    const worse = original.map((_, at) => (at % 8 === 0 ? 1 : 0));
    expect(psnrDb(worse, original)).toBeCloseTo(10 * Math.log10(255 * 255 * 8), 9);
  });

  it('refuses pictures of two sizes', () => {
    expect(() => psnrDb(new Uint8Array(3), new Uint8Array(4))).toThrow('one size, got 3 and 4');
  });
});

describe('lumaOf', () => {
  it('weighs red, green and blue as BT.601 does and rounds', () => {
    const rgb = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 10, 20, 30);
    // 76.245, 149.685, 29.07, 255, 0, 18.15
    expect([...lumaOf(rgb)]).toEqual([76, 150, 29, 255, 0, 18]);
  });
});
