import { describe, expect, it } from 'vitest';
import { KeyframeMeasure } from '../../../pipeline/eval/keyframe-measure.ts';
import { BEST_DB, psnrDb } from '../../../pipeline/eval/psnr.ts';
import { throughThumbnail } from '../../../pipeline/eval/thumbnail.ts';

const visual = { width: 32, height: 32, columns: 4, rows: 4 };
const picture = (step: number): Uint8Array =>
  Uint8Array.from({ length: 32 * 32 * 3 }, (_, at) => (at * step) % 251);

describe('KeyframeMeasure', () => {
  it('takes the mean of the decibels of the pictures, not the decibels of the mean', async () => {
    const measure = new KeyframeMeasure(visual);
    const original = picture(7);
    const [near, far] = [original.map((value) => value + 1), original.map((value) => value ^ 16)];
    await measure.add({ rebuilt: near, original, sentBytes: 24 });
    await measure.add({ rebuilt: far, original, sentBytes: 24 });
    const mean = (psnrDb(near, original) + psnrDb(far, original)) / 2;
    expect(measure.figures().keyframeDb).toBeCloseTo(mean, 12);
    expect(psnrDb(near, original)).toBeCloseTo(48.1308, 3);
  });

  it('compares with the thumbnail of the grid, and with one of as many bytes as were sent', async () => {
    const measure = new KeyframeMeasure(visual);
    const original = picture(5);
    const db = (columns: number, rows: number): number =>
      psnrDb(throughThumbnail(original, { columns: 32, rows: 32 }, { columns, rows }), original);
    const told = await measure.add({ rebuilt: original, original, sentBytes: 27 });
    expect(told).toEqual({ db: BEST_DB, thumbnailDb: db(4, 4) });
    expect(measure.figures()).toMatchObject({
      thumbnailDb: db(4, 4),
      overThumbnailDb: BEST_DB - db(4, 4),
      equalThumbnailDb: db(3, 3),
    });
    expect(db(3, 3)).not.toBe(db(4, 4));
  });

  it('gives the other codec as many bytes as were sent of that keyframe', async () => {
    const asked: number[] = [];
    const measure = new KeyframeMeasure(visual, {
      stillCodec: async (rgb, { maxBytes }) => {
        asked.push(maxBytes);
        return { rgb: rgb.map((value) => value ^ 1), bytes: 17 };
      },
    });
    const original = picture(3);
    await measure.add({ rebuilt: original.map((value) => value ^ 2), original, sentBytes: 22 });
    await measure.add({ rebuilt: original.map((value) => value ^ 2), original, sentBytes: 90 });
    expect(asked).toEqual([22, 90]);
    const { av1Bytes, av1Db, overAv1Db } = measure.figures();
    expect(av1Bytes).toBe(17);
    expect(av1Db).toBeCloseTo(48.1308, 3);
    // Differences twice as large.
    expect(overAv1Db).toBeCloseTo(-20 * Math.log10(2), 9);
  });

  it('leaves out what the other codec cannot do', async () => {
    const asked = [true, false];
    const measure = new KeyframeMeasure(visual, {
      stillCodec: async (rgb) =>
        asked.shift() ? { rgb: rgb.map((value) => value ^ 1), bytes: 5 } : undefined,
    });
    const original = picture(3);
    await measure.add({ rebuilt: original.map((value) => value ^ 2), original, sentBytes: 9 });
    await measure.add({ rebuilt: original, original, sentBytes: 9 });
    expect(measure.figures().av1Bytes).toBe(5);
    expect(measure.figures().overAv1Db).toBeCloseTo(-20 * Math.log10(2), 9);
  });
});
