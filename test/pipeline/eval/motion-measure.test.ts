import { describe, expect, it } from 'vitest';
import { micros, millis } from '../../../client-sdk/protocol/units.ts';
import { keptShare, MotionMeasure } from '../../../pipeline/eval/motion-measure.ts';
import { SourcePictures } from '../../../pipeline/eval/source-pictures.ts';
import type { Picture } from '../../../pipeline/types.ts';

const SIDE = 64;
const geometry = {
  visual: { width: SIDE, height: SIDE, columns: 4, rows: 4 },
  motion: { columns: 4, rows: 4, fieldsPerChunk: 2, fieldsPerSecond: 10 },
};
const CELLS = 16;

/** Vertical stripes, moved to the right by some px. */
const level = (x: number): number => 128 + 100 * Math.sin((2 * Math.PI * x) / 32);
const stripes = (movedPx: number): Uint8Array =>
  Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, at) =>
    Math.round(level((Math.floor(at / 3) % SIDE) - movedPx)),
  );
const asKeyframe = (): Float32Array =>
  Float32Array.from({ length: SIDE * SIDE * 3 }, (_, at) => Math.round(level(at % SIDE)) / 255);

const original = (pts: number, rgb: Uint8Array): Picture =>
  ({ pts: micros(pts), received: millis(0), toRgb: async () => rgb }) as unknown as Picture;
const moved = (px: number): Float32Array => new Float32Array(4 * CELLS).fill(px / SIDE, 0, 2 * CELLS);

/** Fields that move the stripes 4 px in the first `movingCells` of the cells of each field. */
const movedIn = (movingCells: number): Float32Array =>
  Float32Array.from({ length: 4 * CELLS }, (_, at) =>
    at < 2 * CELLS && at % CELLS < movingCells ? 4 / SIDE : 0,
  );

async function measure(decoded: Float32Array | undefined, shownPx: readonly number[], trueMotion = moved(4)) {
  const source = new SourcePictures({ widthPx: SIDE, heightPx: SIDE });
  const motion = new MotionMeasure(geometry, source);
  for (const [tick, px] of [0, 4, 8].entries()) source.add(original(tick * 100_000, stripes(px)));
  motion.begin(asKeyframe(), { pts: micros(0), rgb: stripes(0), isKeyframe: true });
  const pictures = shownPx.map((px, at) => ({
    pts: micros((at + 1) * 100_000),
    rgb: stripes(px),
    isKeyframe: false,
  }));
  await motion.add(
    { fields: 2, motion: trueMotion, mask: new Uint8Array(2 * CELLS).fill(1) },
    pictures,
    decoded,
  );
  return motion.figures();
}

describe('MotionMeasure', () => {
  it('finds true warping far above holding on a pan, and tokens that move alike as good', async () => {
    const figures = await measure(moved(4), [4, 8]);
    expect(figures.holdDb).toBeLessThan(15);
    expect(figures.trueWarpDb).toBeGreaterThan(figures.holdDb! + 5);
    expect(figures.previewDb).toBeGreaterThan(50);
    expect(figures.motionMedianPx).toBe(0);
    expect(figures.motionExplained).toBe(1);
  });

  it('finds that a still preview keeps nothing of the gain', async () => {
    const figures = await measure(undefined, [0, 0]);
    expect(figures.previewDb).toBe(figures.holdDb);
    expect(figures.keptShare).toBe(0);
    // 4 of 64 columns are 36 px of 576.
    expect(figures.motionMedianPx).toBe(36);
    expect(figures.motionExplained).toBe(0);
    expect(figures.stillGainDb).toBeNull();
  });

  it('tells of vectors only where enough cells move, and of the gain over holding only elsewhere', async () => {
    const moving = await measure(moved(4), [4, 8], movedIn(1));
    expect(moving).toMatchObject({ movingCells: 1 / 16, stillGainDb: null, falseMotion: 1 });
    expect(moving.motionExplained).toBeCloseTo(1 - 15, 9);
    const still = await measure(moved(4), [4, 8], movedIn(0));
    expect(still).toMatchObject({
      movingCells: 0,
      motionMedianPx: null,
      motionExplained: null,
      falseMotion: 1,
    });
    expect(still.stillGainDb).toBe(still.previewDb! - still.holdDb!);
    expect(still.stillGainDb).toBeGreaterThan(5);
  });
});

describe('keptShare', () => {
  it('is a share of the gain where there is enough of it', () => {
    expect(keptShare(21, 20, 22)).toBe(0.5);
    expect(keptShare(19, 20, 22)).toBe(-0.5);
    expect(keptShare(20.5, 20, 21.5)).toBeCloseTo(1 / 3, 12);
    expect(keptShare(21, 20, 21.49)).toBeNull();
  });
});

describe('SourcePictures', () => {
  it('shows the last picture at or before a time and forgets those before it', async () => {
    const source = new SourcePictures({ widthPx: 1, heightPx: 1 });
    for (const [at, pts] of [0, 40, 80, 120].entries()) source.add(original(pts, new Uint8Array(3).fill(at)));
    expect([...(await source.lumaAt(micros(80)))]).toEqual([2]);
    expect([...(await source.lumaAt(micros(119)))]).toEqual([2]);
    expect([...(await source.rgbAt(micros(119)))]).toEqual([2, 2, 2]);
    source.forgetBefore(micros(100));
    expect(source.count).toBe(2);
    expect([...(await source.lumaAt(micros(1000)))]).toEqual([3]);
    expect(() => source.lumaAt(micros(79))).toThrow('a tick has a picture at or before it');
  });
});
