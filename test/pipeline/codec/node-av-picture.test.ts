import { Frame } from 'node-av';
import {
  AV_PIX_FMT_YUV420P,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_RANGE_UNSPECIFIED,
  AVCOL_SPC_BT709,
  AVCOL_SPC_SMPTE170M,
  AVCOL_SPC_UNSPECIFIED,
  type AVColorRange,
  type AVColorSpace,
} from 'node-av/constants';
import { afterEach, describe, expect, test } from 'vitest';
import { micros, millis } from '../../../client-sdk/protocol/units.ts';
import { livePictures, NodeAvPicture } from '../../../pipeline/codec/node-av-picture.ts';
import { freeIdleScalers } from '../../../pipeline/codec/picture-scaler.ts';
import { DisposedError } from '../../../pipeline/errors.ts';
import type { Picture } from '../../../pipeline/types.ts';
import { decodeAll } from '../../support/decode-all.ts';
import { readMediaUnits } from '../../support/media-units.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const facts = {
  pts: micros(40_000),
  canBeKeyframe: true,
  isDegraded: false,
  unitIndex: 3,
  received: millis(5),
};

interface Colour {
  readonly space?: AVColorSpace;
  readonly range?: AVColorRange;
}

function pictureOf(
  yuv: Uint8Array,
  size: { widthPx: number; heightPx: number },
  colour: Colour = {},
): Picture {
  const frame = Frame.fromVideoBuffer(Buffer.from(yuv), {
    width: size.widthPx,
    height: size.heightPx,
    format: AV_PIX_FMT_YUV420P,
  });
  frame.colorSpace = colour.space ?? AVCOL_SPC_UNSPECIFIED;
  frame.colorRange = colour.range ?? AVCOL_RANGE_UNSPECIFIED;
  return new NodeAvPicture(frame, facts);
}

function plain(
  [y, u, v]: readonly [number, number, number],
  size: { widthPx: number; heightPx: number },
): Uint8Array {
  const count = size.widthPx * size.heightPx;
  const yuv = new Uint8Array((count * 3) / 2).fill(y, 0, count).fill(u, count, (count * 5) / 4);
  return yuv.fill(v, (count * 5) / 4);
}

/** RGB of a colour by ITU-R BT.601 2.5.1 or BT.709 3.2, not rounded. */
function rgbOf(
  [y, u, v]: readonly [number, number, number],
  { kr, kb, isFull }: { kr: number; kb: number; isFull: boolean },
) {
  const luma = isFull ? y : ((y - 16) * 255) / 219;
  const chroma = (value: number): number => ((value - 128) * 255) / (isFull ? 255 : 224);
  const red = luma + 2 * (1 - kr) * chroma(v);
  const blue = luma + 2 * (1 - kb) * chroma(u);
  return [red, (luma - kr * red - kb * blue) / (1 - kr - kb), blue];
}

const bt601 = { kr: 0.299, kb: 0.114 };
const bt709 = { kr: 0.2126, kb: 0.0722 };
const small = { widthPx: 64, heightPx: 48 };
const high = { widthPx: 64, heightPx: 720 };
const tone = [100, 110, 170] as const;

afterEach(() => {
  freeIdleScalers();
  expect(livePictures()).toBe(0);
});

describe('colour', () => {
  test.each([
    [
      'BT.601, limited',
      small,
      { space: AVCOL_SPC_SMPTE170M, range: AVCOL_RANGE_MPEG },
      { ...bt601, isFull: false },
    ],
    [
      'BT.601, full',
      small,
      { space: AVCOL_SPC_SMPTE170M, range: AVCOL_RANGE_JPEG },
      { ...bt601, isFull: true },
    ],
    [
      'BT.709, limited',
      small,
      { space: AVCOL_SPC_BT709, range: AVCOL_RANGE_MPEG },
      { ...bt709, isFull: false },
    ],
    ['of a small picture that states nothing', small, {}, { ...bt601, isFull: false }],
    ['of a large picture that states nothing', high, {}, { ...bt709, isFull: false }],
  ])('%s becomes RGB as the standard says', async (_, size, colour, matrix) => {
    using picture = pictureOf(plain(tone, size), size, colour);
    const rgb = await picture.toRgb({ widthPx: 8, heightPx: 6 });
    expect(rgb).toHaveLength(8 * 6 * 3);
    const expected = rgbOf(tone, matrix);
    for (const [index, value] of rgb.entries())
      expect(Math.abs(value - expected[index % 3]!)).toBeLessThanOrEqual(1.5);
  });

  test('luma is full range, planar pictures are limited range, whatever the matrix', async () => {
    for (const space of [AVCOL_SPC_SMPTE170M, AVCOL_SPC_BT709]) {
      using limited = pictureOf(plain([16, 90, 200], small), small, { space, range: AVCOL_RANGE_MPEG });
      expect(await limited.toLuma({ widthPx: 2, heightPx: 1 })).toEqual(Buffer.from([0, 0]));
      expect(await limited.toYuv420({ widthPx: 2, heightPx: 2 })).toEqual(
        Buffer.from([16, 16, 16, 16, 90, 200]),
      );
      using full = pictureOf(plain([255, 128, 128], small), small, { space, range: AVCOL_RANGE_JPEG });
      expect(await full.toLuma({ widthPx: 2, heightPx: 1 })).toEqual(Buffer.from([255, 255]));
      expect(await full.toYuv420({ widthPx: 2, heightPx: 2 })).toEqual(
        Buffer.from([235, 235, 235, 235, 128, 128]),
      );
    }
  });
});

describe('scaling', () => {
  test('down takes the mean of what each pixel covers', async () => {
    const random = seededRandom(3);
    const size = { widthPx: 64, heightPx: 64 };
    const yuv = plain([0, 128, 128], size).map((value, index) =>
      index < 4096 ? 16 + Math.floor(random() * 220) : value,
    );
    using picture = pictureOf(yuv, size, { range: AVCOL_RANGE_JPEG });
    const luma = await picture.toLuma({ widthPx: 8, heightPx: 8 });
    for (const [index, value] of luma.entries()) {
      let sum = 0;
      for (let pixel = 0; pixel < 64; pixel++) {
        sum += yuv[((index >> 3) * 8 + (pixel >> 3)) * 64 + (index & 7) * 8 + (pixel & 7)]!;
      }
      expect(Math.abs(value - sum / 64)).toBeLessThanOrEqual(2);
    }
  });

  test('gives the same bytes whatever was scaled before and beside it', async () => {
    const pictures = await decodeAll(
      await readMediaUnits(new URL('../../fixtures/media/motion-size-change.h264', import.meta.url).pathname),
    );
    const target = { widthPx: 256, heightPx: 256 };
    const alone: Uint8Array[] = [];
    for (const picture of pictures) {
      freeIdleScalers();
      alone.push(await picture.toRgb(target));
    }
    const beside = await Promise.all(pictures.map((picture) => picture.toRgb(target)));
    const after = await Promise.all(
      pictures.toReversed().map(async (picture) => {
        await picture.toLuma({ widthPx: 33, heightPx: 17 });
        return picture.toRgb(target);
      }),
    );
    for (const each of pictures) each[Symbol.dispose]();
    expect(beside.every((rgb, index) => Buffer.compare(rgb, alone[index]!) === 0)).toBe(true);
    expect(after.toReversed().every((rgb, index) => Buffer.compare(rgb, alone[index]!) === 0)).toBe(true);
  });

  test('survives more sizes than contexts are kept for', async () => {
    using picture = pictureOf(plain(tone, small), small);
    for (let widthPx = 1; widthPx <= 50; widthPx++) {
      expect(await picture.toLuma({ widthPx, heightPx: 3 })).toHaveLength(widthPx * 3);
    }
  });

  test('goes on when the picture is disposed of meanwhile', async () => {
    const picture = pictureOf(plain(tone, high), high);
    const scaling = picture.toRgb({ widthPx: 256, heightPx: 256 });
    picture[Symbol.dispose]();
    expect(await scaling).toHaveLength(256 * 256 * 3);
  });
});

describe('life', () => {
  test('a clone outlives the original', async () => {
    const picture = pictureOf(plain(tone, small), small);
    using copy = picture.clone();
    picture[Symbol.dispose]();
    expect(livePictures()).toBe(1);
    expect({ ...copy }).toMatchObject({ pts: 40_000, unitIndex: 3, received: 5, isDegraded: false });
    expect(await copy.toLuma(small)).toHaveLength(64 * 48);
  });

  test('a clone has the vectors of a picture that is gone', async () => {
    const pictures = await decodeAll(
      await readMediaUnits(new URL('../../fixtures/media/motion-slices.h264', import.meta.url).pathname),
    );
    const unread = pictures[1]!.clone();
    const { vectors } = pictures[2]!;
    using read = pictures[2]!.clone();
    for (const each of pictures) each[Symbol.dispose]();
    expect(read.vectors).toBe(vectors);
    expect(unread.vectors?.count).toBeGreaterThan(100);
    unread[Symbol.dispose]();
  });

  test('after its disposal a picture refuses to be used, and to be disposed of again is nothing', async () => {
    const picture = pictureOf(plain(tone, small), small);
    picture[Symbol.dispose]();
    picture[Symbol.dispose]();
    expect(() => picture.clone()).toThrow(DisposedError);
    expect(() => picture.vectors).toThrow(DisposedError);
    await expect(picture.toRgb(small)).rejects.toThrow(DisposedError);
    expect(picture.size).toEqual({ ...small, sampleAspect: 1 });
  });
});
