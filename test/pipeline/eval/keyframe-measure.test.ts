import { describe, expect, it } from 'vitest';
import { KeyframeMeasure } from '../../../pipeline/eval/keyframe-measure.ts';
import { psnrDb } from '../../../pipeline/eval/psnr.ts';

const visual = { width: 32, height: 32, columns: 4, rows: 4 };
const picture = (step: number): Uint8Array =>
  Uint8Array.from({ length: 32 * 32 * 3 }, (_, at) => (at * step) % 251);

describe('KeyframeMeasure', () => {
  it('takes the mean of the decibels of the pictures, not the decibels of the mean', async () => {
    const measure = new KeyframeMeasure(visual, { idBits: 12 });
    const [near, far] = [picture(7).map((value) => value + 1), picture(7).map((value) => value ^ 16)];
    await measure.add(near, picture(7));
    await measure.add(far, picture(7));
    const mean = (psnrDb(near, picture(7)) + psnrDb(far, picture(7))) / 2;
    expect(measure.figures().keyframeDb).toBeCloseTo(mean, 12);
    expect(psnrDb(near, picture(7))).toBeCloseTo(48.1308, 3);
  });

  it('gives the other codec as many bytes as the ids take', async () => {
    const asked: number[] = [];
    const measure = new KeyframeMeasure(visual, {
      idBits: 11,
      stillCodec: async (rgb, { maxBytes }) => {
        asked.push(maxBytes);
        return { rgb: rgb.map((value) => value ^ 1), bytes: 17 };
      },
    });
    await measure.add(picture(3), picture(3));
    expect(asked).toEqual([22]);
    expect(measure.figures().av1Bytes).toBe(17);
    expect(measure.figures().av1Db).toBeCloseTo(48.1308, 3);
  });

  it('leaves out what the other codec cannot do', async () => {
    const measure = new KeyframeMeasure(visual, { idBits: 12, stillCodec: async () => undefined });
    await measure.add(picture(3), picture(3));
    expect(measure.figures()).toMatchObject({ av1Db: null, av1Bytes: null });
  });
});
