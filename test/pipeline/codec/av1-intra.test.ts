import { describe, expect, it } from 'vitest';
import { throughAv1Intra } from '../../../pipeline/codec/av1-intra.ts';
import { psnrDb } from '../../../pipeline/eval/psnr.ts';

const size = { widthPx: 128, heightPx: 128 };
const picture = Uint8Array.from({ length: 128 * 128 * 3 }, (_, at) => {
  const [x, y] = [Math.floor(at / 3) % 128, Math.floor(at / 384)];
  return 128 + 60 * Math.sin(x / 9) + 50 * Math.cos((x + 2 * y) / 17 + (at % 3));
});

describe('throughAv1Intra', () => {
  it('uses the bytes that it is given, and is better with more of them', async () => {
    const few = await throughAv1Intra(picture, { size, codedSize: size, maxBytes: 400 });
    const many = await throughAv1Intra(picture, { size, codedSize: size, maxBytes: 1200 });
    expect(few?.bytes).toBeLessThanOrEqual(400);
    expect(many?.bytes).toBeLessThanOrEqual(1200);
    expect(many?.bytes).toBeGreaterThan(few!.bytes);
    expect(psnrDb(many!.rgb, picture)).toBeGreaterThan(psnrDb(few!.rgb, picture) + 1);
    expect(psnrDb(few!.rgb, picture)).toBeGreaterThan(25);
  });

  it('gives the picture back at its own size whatever it was coded at', async () => {
    const codedSize = { widthPx: 64, heightPx: 64 };
    const coded = await throughAv1Intra(picture, { size, codedSize, maxBytes: 1200 });
    expect(coded?.rgb.length).toBe(picture.length);
    expect(psnrDb(coded!.rgb, picture)).toBeGreaterThan(20);
  });

  it('gives nothing where the bytes are too few', async () => {
    expect(await throughAv1Intra(picture, { size, codedSize: size, maxBytes: 10 })).toBeUndefined();
  });
});
