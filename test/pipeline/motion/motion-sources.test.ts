import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { micros } from '../../../client-sdk/protocol/units.ts';
import { livePictures } from '../../../pipeline/codec/node-av-picture.ts';
import { BitstreamMotionSource } from '../../../pipeline/motion/bitstream-motion-source.ts';
import { tickPts } from '../../../pipeline/motion/clip-clock.ts';
import type { MotionSource } from '../../../pipeline/motion/motion-source.ts';
import { ReencodeMotionSource } from '../../../pipeline/motion/reencode-motion-source.ts';
import { maskedShare } from '../../../pipeline/motion/vectors-to-blocks.ts';
import type { Picture } from '../../../pipeline/types.ts';
import { collectFields, collectSteps, PAPER_MOTION } from '../../support/collect-fields.ts';
import { decodeAll } from '../../support/decode-all.ts';
import { type MediaUnits, readMediaUnits } from '../../support/media-units.ts';

const fixture = (name: string): Promise<MediaUnits> =>
  readMediaUnits(new URL(`../../fixtures/media/${name}`, import.meta.url).pathname);

/** Decodes a fixture, of which the task borrows the pictures. */
async function withPictures<T>(name: string, task: (pictures: readonly Picture[]) => Promise<T>): Promise<T> {
  const pictures = await decodeAll(await fixture(name));
  try {
    return await task(pictures);
  } finally {
    for (const each of pictures) each[Symbol.dispose]();
  }
}

const sources: Record<string, () => MotionSource> = {
  bitstream: () => new BitstreamMotionSource(),
  reencode: () => new ReencodeMotionSource(PAPER_MOTION),
};

afterEach(() => expect(livePictures()).toBe(0));

describe.each(Object.entries(sources))('%s', (name, create) => {
  test('gives a clip the same motion whatever clips came before it', () =>
    withPictures('motion-slices.h264', async (pictures) => {
      await using fresh = create();
      const alone = await collectFields(fresh, pictures);
      await using used = create();
      await collectSteps(used, pictures.slice(0, 10));
      // A clip that is cut off without an end leaves nothing behind either.
      await used.begin(pictures[0]!);
      await used.push(pictures[5]!);
      expect(await collectFields(used, pictures)).toEqual(alone);
    }));

  test('keeps a clip apart from its place in time', () =>
    withPictures('motion-slices.h264', async (pictures) => {
      await using source = create();
      const early = await collectFields(source, pictures);
      const late = pictures.map((picture) =>
        Object.create(picture, { pts: { value: micros(picture.pts + 1e9) } }),
      );
      const bound = late.map((picture, index) => bindPicture(picture, pictures[index]!));
      expect(await collectFields(source, bound)).toEqual(early);
    }));

  test('gives steps in order that carry what they depend on', () =>
    withPictures('motion-slices.h264', async (pictures) => {
      await using source = create();
      const steps = await collectSteps(source, pictures);
      const byTime = new Map(pictures.map((picture) => [picture.pts, picture]));
      expect(steps.length).toBeGreaterThan(10);
      for (const [index, step] of steps.entries()) {
        const picture = byTime.get(step.pts)!;
        expect([step.received, step.unitIndex]).toEqual([picture.received, picture.unitIndex]);
        expect(step.nextPts).toBeGreaterThanOrEqual(step.pts);
        expect(step.pts).toBeGreaterThanOrEqual(steps[index - 1]?.nextPts ?? 0);
        expect(name === 'bitstream' ? step.nextPts - step.pts : 0).toBe(0);
      }
    }));

  test('releases what it holds when it is disposed of within a clip', () =>
    withPictures('motion-slices.h264', async (pictures) => {
      const source = create();
      await source.begin(pictures[0]!);
      await source.push(pictures[1]!);
      await source[Symbol.asyncDispose]();
      await source[Symbol.asyncDispose]();
      expect(livePictures()).toBe(pictures.length);
    }));
});

/** A picture at another time over the pixels and vectors of another, which stays the owner. */
function bindPicture(shell: Picture, owner: Picture): Picture {
  const { pts } = shell;
  return new Proxy(owner, {
    get: (target, key) => {
      if (key === 'pts') return pts;
      if (key === 'clone') return () => bindPicture(shell, target.clone());
      const value = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('reencode', () => {
  test('gives one step for each tick, of the last picture at or before it', () =>
    withPictures('city-h264-p.ts', async (pictures) => {
      await using source = new ReencodeMotionSource(PAPER_MOTION);
      const steps = await collectSteps(source, pictures);
      const clock = { keyframePts: pictures[0]!.pts, fieldsPerSecond: 12 };
      const expected = Array.from(
        { length: 36 },
        (_, k) => pictures.findLast(({ pts }) => pts <= tickPts(clock, k + 1))!.pts,
      );
      expect(steps.map(({ pts }) => pts)).toEqual(expected);
      expect(steps[0]!.field).toMatchObject({ columns: 72, rows: 40, widthPx: 576, heightPx: 320 });
    }));

  test('takes codecs that export no vectors', () =>
    withPictures('city-vp9.webm', async (pictures) => {
      await using source = new ReencodeMotionSource(PAPER_MOTION);
      const steps = await collectSteps(source, pictures);
      expect(steps).toHaveLength(36);
      expect(Math.max(...steps.map(({ field }) => maskedShare(field)))).toBeLessThan(0.2);
    }));
});

describe('bitstream', () => {
  test('gives one step for each picture, masked where the picture is intra coded', () =>
    withPictures('city-h264-p.ts', async (pictures) => {
      await using source = new BitstreamMotionSource();
      const steps = await collectSteps(source, pictures);
      expect(steps.map(({ pts }) => pts)).toEqual(pictures.slice(1).map(({ pts }) => pts));
      const masked = steps.flatMap(({ field, pts }) => (maskedShare(field) === 1 ? [pts] : []));
      expect(masked).toEqual([1_000_000, 2_000_000]);
    }));

  test('shares a vector among the pictures that it spans', () =>
    withPictures('city-mpeg4-b.m4v', async (pictures) => {
      await using source = new BitstreamMotionSource();
      const steps = await collectSteps(source, pictures);
      const anchor = steps.findIndex((_, index) => index > 3 && pictures[index + 1]!.kind === 'P');
      expect(pictures.slice(anchor - 1, anchor + 2).map(({ kind }) => kind)).toEqual(['B', 'B', 'P']);
      const { records } = pictures[anchor + 1]!.vectors!;
      const { dx } = steps[anchor]!.field;
      const block = ((records[6]! >> 3) - 1) * 40 + (records[5]! >> 3) - 1;
      expect(dx[block]).toBeCloseTo(-records[7]! / records[9]! / 3, 5);
    }));
});

describe('on real video', () => {
  const correlations: Record<string, { correlation: number; medianPx: number }> = {};

  beforeAll(async () => {
    for (const name of ['city-h264-p.ts', 'city-mpeg4.ts', 'motion-slices.h264']) {
      correlations[name] = await withPictures(name, async (pictures) => {
        const clip = pictures.slice(0, 25);
        await using bitstream = new BitstreamMotionSource();
        await using reencode = new ReencodeMotionSource(PAPER_MOTION);
        const own = await collectFields(bitstream, clip);
        const second = await collectFields(reencode, clip);
        return compareFields(own, second);
      });
    }
  });

  test.each([
    ['city-h264-p.ts', 0.7, 0.3],
    ['city-mpeg4.ts', 0.6, 0.75],
    ['motion-slices.h264', 0.65, 0.3],
  ])('both sources see the same motion in %s', async (name, minCorrelation, maxMedianPx) => {
    const { correlation, medianPx } = correlations[name]!;
    expect(correlation).toBeGreaterThan(minCorrelation);
    expect(medianPx).toBeLessThan(maxMedianPx);
  });
});

type Fields = Awaited<ReturnType<typeof collectFields>>;

/** Correlation of all vectors, and the median of their distances in px at 576 by 320, over cells that both have. */
function compareFields(a: Fields, b: Fields): { correlation: number; medianPx: number } {
  expect(a).toHaveLength(b.length);
  const distances: number[] = [];
  let aa = 0;
  let bb = 0;
  let ab = 0;
  for (const [k, one] of a.entries()) {
    const other = b[k]!;
    for (let cell = 0; cell < one.mask.length; cell++) {
      if (!one.mask[cell] || !other.mask[cell]) continue;
      const [x, y] = [one.dx[cell]! * 576, one.dy[cell]! * 320];
      const [u, v] = [other.dx[cell]! * 576, other.dy[cell]! * 320];
      distances.push(Math.hypot(x - u, y - v));
      aa += x * x + y * y;
      bb += u * u + v * v;
      ab += x * u + y * v;
    }
  }
  expect(distances.length).toBeGreaterThan(0.8 * a.length * 720);
  return {
    correlation: ab / Math.sqrt(aa * bb),
    medianPx: distances.toSorted((x, y) => x - y)[distances.length >> 1]!,
  };
}
