import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, test } from 'vitest';
import { micros } from '../../../client-sdk/protocol/units.ts';
import { openNodeAvDecoder } from '../../../pipeline/codec/node-av-decoder.ts';
import { leakedPictures, livePictures } from '../../../pipeline/codec/node-av-picture.ts';
import { DisposedError, MediaError } from '../../../pipeline/errors.ts';
import type { Picture } from '../../../pipeline/types.ts';
import { decodeAll } from '../../support/decode-all.ts';
import { stripVui } from '../../support/h264-sps.ts';
import { type MediaUnits, readMediaUnits } from '../../support/media-units.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const fixture = (name: string): Promise<MediaUnits> =>
  readMediaUnits(new URL(`../../fixtures/media/${name}`, import.meta.url).pathname);

const dispose = (pictures: readonly Picture[]): void => {
  for (const each of pictures) each[Symbol.dispose]();
};

/** What can be compared of a picture after it was disposed of. */
const facts = ({ pts, kind, isKeyframe, isDegraded, unitIndex, size }: Picture) => ({
  pts,
  kind,
  isKeyframe,
  isDegraded,
  unitIndex,
  widthPx: size.widthPx,
});

/** Decodes unit after unit without flushing; one entry for each unit. */
async function decodeEach({ format, units }: MediaUnits) {
  await using decoder = await openNodeAvDecoder(format);
  const results = [];
  for (const unit of units) {
    const { pictures, fault } = await decoder.decode(unit);
    results.push({ pictures: pictures.map(facts), fault });
    dispose(pictures);
  }
  return results;
}

afterEach(() => expect(livePictures()).toBe(0));

describe('delay', () => {
  test.each([
    'city-h264-p.ts',
    'city-mpeg4.ts',
    'city-vp8.webm',
    'motion-slices.h264',
    'motion-size-change.h264',
  ])('each picture of %s is out before the next unit is sent', async (name) => {
    const media = await fixture(name);
    const results = await decodeEach(media);
    expect(results.map(({ pictures }) => pictures.map((each) => each.unitIndex))).toEqual(
      media.units.map(({ index }) => [index]),
    );
  });

  test('a stream whose parameter sets do not promise presentation order has no delay either', async () => {
    const { format, units } = await fixture('city-h264-p.h264');
    const bare = units.map((unit) => ({ ...unit, data: stripVui(unit.data) }));
    expect(bare[0]!.data.byteLength).toBeLessThan(units[0]!.data.byteLength);
    const results = await decodeEach({ format: { codec: format.codec }, units: bare });
    expect(results.map(({ pictures }) => pictures.map((each) => each.pts))).toEqual(
      units.map(({ pts }) => [pts]),
    );
  });
});

describe('order', () => {
  test.each(['city-h264-b.ts', 'city-h264-open-gop.ts', 'city-mpeg2.ts', 'city-mpeg4-b.m4v'])(
    'pictures of %s come in presentation order with the times of their own units',
    async (name) => {
      const media = await fixture(name);
      const pictures = await decodeAll(media);
      dispose(pictures);
      const times = media.units.map(({ pts }) => pts);
      expect(pictures.map(({ pts }) => pts)).toEqual(times.toSorted((a, b) => a - b));
      expect(pictures.every((each) => each.unitIndex >= times.indexOf(each.pts))).toBe(true);
      expect(pictures.filter(({ kind }) => kind === 'B')).not.toHaveLength(0);
    },
  );

  test('only intra pictures are keyframes, whatever the container says', async () => {
    const { format, units } = await fixture('city-h264-p.ts');
    const results = await decodeEach({ format, units: units.map((unit) => ({ ...unit, isKeyframe: true })) });
    const keyframes = results.flatMap(({ pictures }) => pictures).filter((each) => each.isKeyframe);
    expect(keyframes.map(({ kind }) => kind)).toEqual(['I', 'I', 'I']);
  });
});

test('the size of pictures follows the stream', async () => {
  const results = await decodeEach(await fixture('motion-size-change.h264'));
  const widths = results.flatMap(({ pictures }) => pictures.map(({ widthPx }) => widthPx));
  expect([...new Set(widths)]).toEqual([160, 320, 240]);
});

describe('damage', () => {
  test('a refused unit is a fault, and pictures are degraded until the next keyframe', async () => {
    const media = await fixture('city-h264-p.ts');
    const units = media.units.map((unit) =>
      unit.index === 30
        ? { ...unit, data: new Uint8Array([0, 0, 1, 0x65, 0xff, 0xff, 0xff, 0xff, 0xff]) }
        : unit,
    );
    const results = await decodeEach({ ...media, units });
    expect(results.flatMap(({ fault }, index) => (fault ? [index] : []))).toEqual([30]);
    const degraded = results.flatMap(({ pictures }) => pictures.filter((each) => each.isDegraded));
    expect(degraded.map(({ unitIndex }) => unitIndex)).toEqual(Array.from({ length: 19 }, (_, n) => 31 + n));
  });

  test('where a lost reference breaks the order, the picture that comes too late is left out', async () => {
    const { format, units } = await fixture('city-mpeg2.ts');
    // Unit 10 is the P picture that two B pictures are shown before.
    const results = await decodeEach({ format, units: units.filter(({ index }) => index !== 10) });
    const times = results.flatMap(({ pictures }) => pictures.map(({ pts }) => pts));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const missing = units.map(({ pts }) => pts).filter((pts) => !times.includes(pts));
    expect(missing.toSorted((a, b) => a - b)).toEqual([360_000, 480_000, 2_960_000]);
  });

  test('a unit that is marked degraded gives a degraded picture, and only it', async () => {
    const media = await fixture('city-h264-b.ts');
    const marked = media.units[5]!;
    const units = media.units.map((unit) => (unit === marked ? { ...unit, isDegraded: true } : unit));
    const pictures = await decodeAll({ ...media, units });
    dispose(pictures);
    expect(pictures.filter((each) => each.isDegraded).map(({ pts }) => pts)).toEqual([marked.pts]);
  });

  test.each(['city-h264-b.ts', 'city-mpeg2.ts', 'city-mpeg4.ts', 'city-vp8.webm', 'city-vp9.webm'])(
    'damaged units of %s neither throw nor stop the decoder, which recovers',
    async (name) => {
      const { format, units } = await fixture(name);
      const random = seededRandom(7);
      await using decoder = await openNodeAvDecoder(format);
      let index = 0;
      for (let round = 0; round < 4; round++) {
        for (const unit of units) {
          const data = unit.data.slice(
            0,
            random() < 0.1 ? Math.floor(random() * unit.data.length) : undefined,
          );
          for (let flips = 0; flips < 4 && data.length > 0; flips++) {
            data[Math.floor(random() * data.length)] = Math.floor(random() * 256);
          }
          const pts = micros(unit.pts + round * 4e6);
          const { pictures } = await decoder.decode({ ...unit, pts, index: index++, data });
          for (const each of pictures) await each.toLuma({ widthPx: 16, heightPx: 16 });
          dispose(pictures);
        }
      }
      dispose(await decoder.flush());
      const after = [];
      for (const unit of units) {
        const { pictures, fault } = await decoder.decode({ ...unit, index: index++ });
        after.push(...pictures.map(facts));
        dispose(pictures);
        expect(fault).toBeUndefined();
      }
      const last = await decoder.flush();
      after.push(...last.map(facts));
      dispose(last);
      expect(after).toHaveLength(units.length);
      // What an MPEG-4 decoder has once believed of its encoder it may keep for a while.
      expect(after.slice(50).filter((each) => each.isDegraded)).toEqual([]);
    },
  );
});

describe('life', () => {
  test('after a flush the decoder takes a keyframe', async () => {
    const { format, units } = await fixture('city-h264-b.ts');
    await using decoder = await openNodeAvDecoder(format);
    const times: number[] = [];
    for (let round = 0; round < 2; round++) {
      for (const unit of units.slice(0, 20)) {
        const { pictures } = await decoder.decode({ ...unit, pts: micros(unit.pts + round * 1e6) });
        times.push(...pictures.map(({ pts }) => pts));
        dispose(pictures);
      }
      const rest = await decoder.flush();
      times.push(...rest.map(({ pts }) => pts));
      dispose(rest);
    }
    expect(times).toHaveLength(40);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test('disposing of it waits for the call under way and refuses the ones after it', async () => {
    const { format, units } = await fixture('city-h264-p.ts');
    const decoder = await openNodeAvDecoder(format);
    const first = decoder.decode(units[0]!);
    const closing = decoder[Symbol.asyncDispose]();
    const { pictures } = await first;
    expect(pictures).toHaveLength(1);
    dispose(pictures);
    await closing;
    await expect(decoder.decode(units[1]!)).rejects.toThrow(DisposedError);
    await expect(decoder.flush()).rejects.toThrow(DisposedError);
    await decoder[Symbol.asyncDispose]();
  });

  test('a format that the decoder refuses is a MediaError', async () => {
    const opening = openNodeAvDecoder({ codec: 'h264', widthPx: 1e9, heightPx: 1e9 });
    await expect(opening).rejects.toThrow(MediaError);
    await expect(opening).rejects.toMatchObject({ code: 'unsupported-codec' });
  });

  test('a picture that is dropped without being disposed of is reported', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage: () => void = runInNewContext('gc');
    const before = leakedPictures();
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    await decodeAll(await fixture('motion-slices.h264'));
    for (let round = 0; round < 200 && leakedPictures() < before + 30; round++) {
      collectGarbage();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(leakedPictures()).toBe(before + 30);
    expect((await warned).name).toBe('LeakedPictureWarning');
  });
});
