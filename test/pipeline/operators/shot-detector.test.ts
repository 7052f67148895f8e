import { afterEach, describe, expect, test } from 'vitest';
import { livePictures } from '../../../pipeline/codec/node-av-picture.ts';
import { BitstreamMotionSource } from '../../../pipeline/motion/bitstream-motion-source.ts';
import { ShotDetector } from '../../../pipeline/operators/shot-detector.ts';
import { decodeAll } from '../../support/decode-all.ts';
import { encodeH264 } from '../../support/encode-h264.ts';
import { type MediaUnits, readMediaUnits } from '../../support/media-units.ts';
import { evenCamera, renderScene } from '../../support/rendered-scene.ts';

const size = { widthPx: 320, heightPx: 176 };
const fixture = (name: string): Promise<MediaUnits> =>
  readMediaUnits(new URL(`../../fixtures/media/${name}`, import.meta.url).pathname);

/** Pictures of a fixture at one size, planar 4:2:0. */
async function pixelsOf(name: string, range: { from: number; to: number }): Promise<Uint8Array[]> {
  const pixels: Uint8Array[] = [];
  for (const [index, picture] of (await decodeAll(await fixture(name))).entries()) {
    if (index >= range.from && index < range.to) pixels.push(await picture.toYuv420(size));
    picture[Symbol.dispose]();
  }
  return pixels;
}

/** Indices of the pictures that begin another shot; without vectors only their looks are told. */
async function cutsOf(media: MediaUnits, { hasVectors = true } = {}): Promise<number[]> {
  using detector = new ShotDetector();
  await using source = new BitstreamMotionSource();
  const cuts: number[] = [];
  for (const [index, picture] of (await decodeAll(media)).entries()) {
    if (index === 0) {
      await source.begin(picture);
      expect(await detector.begin(picture)).toBe(false);
    } else {
      const steps = await source.push(picture);
      if (await detector.observe(picture, hasVectors ? steps : [])) cuts.push(index);
    }
    picture[Symbol.dispose]();
  }
  return cuts;
}

const encode = (pixels: readonly Uint8Array[]): Promise<MediaUnits> =>
  encodeH264(pixels, { ...size, framesPerSecond: 25 });

const withLuma = (pixels: Uint8Array, change: (luma: number) => number): Uint8Array =>
  pixels.map((value, index) => (index < size.widthPx * size.heightPx ? change(value) : value));

afterEach(() => expect(livePictures()).toBe(0));

describe.each([{ hasVectors: true }, { hasVectors: false }])('with vectors: $hasVectors', (options) => {
  test('a hard cut between real clips is found at its picture', async () => {
    const city = await pixelsOf('city-h264-p.ts', { from: 0, to: 12 });
    const drawn = await pixelsOf('wanna-h264-aac.ts', { from: 4, to: 16 });
    expect(await cutsOf(await encode([...city, ...drawn, ...city]), options)).toEqual([12, 24]);
  });

  test('a pan over real streets is one shot', async () => {
    expect(await cutsOf(await fixture('city-h264-p.ts'), options)).toEqual([]);
    expect(await cutsOf(await fixture('city-mpeg4.ts'), options)).toEqual([]);
  });

  test('a flash is no cut, be it bright or wholly white', async () => {
    const city = await pixelsOf('city-h264-p.ts', { from: 0, to: 16 });
    const flashed = city.map((pixels, index) => {
      if (index === 5) return withLuma(pixels, (luma) => Math.min(235, luma + 90));
      return index === 10 ? withLuma(pixels, () => 235) : pixels;
    });
    expect(await cutsOf(await encode(flashed), options)).toEqual([]);
  });

  test('a cut by way of a black moment is found where the next shot appears', async () => {
    const city = await pixelsOf('city-h264-p.ts', { from: 0, to: 8 });
    const drawn = await pixelsOf('wanna-h264-aac.ts', { from: 4, to: 12 });
    const black = withLuma(city[0]!, () => 16);
    expect(await cutsOf(await encode([...city, black, black, ...drawn]), options)).toEqual([10]);
  });
});

test('a very fast pan and a zoom are one shot each where there are vectors to tell', async () => {
  const centre = { x: 160, y: 88 };
  const seconds = Array.from({ length: 15 }, (_, index) => index / 25);
  for (const camera of [
    evenCamera({ centre, velocity: { x: 300, y: 40 } }),
    evenCamera({ centre, zoomPerSecond: 3 }),
  ]) {
    expect(await cutsOf(await encode(renderScene(camera, { ...size, seconds })))).toEqual([]);
  }
});

test('a keyframe begins another shot only where it looks different', async () => {
  using detector = new ShotDetector();
  const city = await pixelsOf('city-h264-p.ts', { from: 0, to: 2 });
  const drawn = await pixelsOf('wanna-h264-aac.ts', { from: 4, to: 5 });
  const pictures = await decodeAll(await encode([...city, ...drawn]));
  const found: boolean[] = [];
  for (const picture of pictures) {
    found.push(await detector.begin(picture));
    picture[Symbol.dispose]();
  }
  expect(found).toEqual([false, false, true]);
});
