import { beforeAll, describe, expect, test } from 'vitest';
import { openReencoder, type ReencodeSettings } from '../../../pipeline/codec/reencoder.ts';
import { DisposedError } from '../../../pipeline/errors.ts';
import type { MotionVectors } from '../../../pipeline/types.ts';
import { decodeAll } from '../../support/decode-all.ts';
import { readMediaUnits } from '../../support/media-units.ts';

const settings: ReencodeSettings = {
  codec: 'mpeg4',
  width: 288,
  height: 160,
  quantizer: 4,
  gopPictures: 600,
  motionEstimation: 'epzs',
  threads: 1,
};

let clip: Uint8Array[];

beforeAll(async () => {
  const path = new URL('../../fixtures/media/city-h264-p.ts', import.meta.url).pathname;
  const pictures = await decodeAll(await readMediaUnits(path));
  clip = await Promise.all(
    pictures.slice(0, 16).map((each) => each.toYuv420({ widthPx: 288, heightPx: 160 })),
  );
  for (const each of pictures) each[Symbol.dispose]();
});

async function vectorsOf(pictures: readonly Uint8Array[], changed: Partial<ReencodeSettings> = {}) {
  await using reencoder = await openReencoder({ ...settings, ...changed });
  const vectors: (MotionVectors | undefined)[] = [];
  for (const picture of pictures) vectors.push(await reencoder.encode(picture));
  return vectors;
}

test('each picture but the first has vectors, of half pixels, from the one before it', async () => {
  const [first, ...others] = await vectorsOf(clip);
  expect(first).toBeUndefined();
  for (const vectors of others) {
    expect(vectors!.count).toBeGreaterThan(150);
    for (let at = 0; at < vectors!.count * 10; at += 10) {
      expect([vectors!.records[at], vectors!.records[at + 9]]).toEqual([-1, 2]);
    }
  }
});

test('the same pictures have the same vectors each time, also beside another clip', async () => {
  const alone = await vectorsOf(clip);
  const [again, backwards] = await Promise.all([vectorsOf(clip), vectorsOf(clip.toReversed())]);
  expect(again).toEqual(alone);
  expect(backwards).not.toEqual(alone);
});

test('a still picture moves nowhere by more than half a pixel, which smooths what quantizing has left', async () => {
  const vectors = (await vectorsOf(Array.from({ length: 6 }, () => clip[0]!))).at(-1)!;
  expect(vectors.count).toBe((288 / 16) * (160 / 16));
  let still = 0;
  for (let at = 0; at < vectors.count * 10; at += 10) {
    const length = Math.max(Math.abs(vectors.records[at + 7]!), Math.abs(vectors.records[at + 8]!));
    expect(length).toBeLessThanOrEqual(1);
    if (length === 0) still++;
  }
  expect(still / vectors.count).toBeGreaterThan(0.9);
});

describe('a setting that changes the vectors', () => {
  test.each([{ quantizer: 9 }, { motionEstimation: 'zero' }] as const)('%o does', async (changed) => {
    expect(await vectorsOf(clip, changed)).not.toEqual(await vectorsOf(clip));
  });

  test('is the distance of intra pictures', async () => {
    const vectors = await vectorsOf(clip, { gopPictures: 5 });
    const intra = vectors.flatMap((each, index) => (each ? [] : [index]));
    expect(intra).toEqual([0, 5, 10, 15]);
  });
});

test('after its disposal, which waits for the picture under way, it refuses to go on', async () => {
  const reencoder = await openReencoder(settings);
  const first = reencoder.encode(clip[0]!);
  const second = reencoder.encode(clip[1]!);
  await Promise.all([reencoder[Symbol.asyncDispose](), reencoder[Symbol.asyncDispose]()]);
  expect(await first).toBeUndefined();
  expect((await second)?.count).toBeGreaterThan(0);
  await expect(reencoder.encode(clip[2]!)).rejects.toThrow(DisposedError);
});
