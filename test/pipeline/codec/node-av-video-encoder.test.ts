import { describe, expect, it } from 'vitest';
import { openNodeAvVideoEncoder } from '../../../pipeline/codec/node-av-video-encoder.ts';
import type { VideoEncoderOptions, VideoUnit } from '../../../pipeline/codec/video-encoder.ts';
import { formatOfH264Sps, parseH264Sps } from '../../../pipeline/demux/h264-parameter-sets.ts';
import { elementsOf } from '../../../pipeline/demux/nal-units.ts';
import { DisposedError } from '../../../pipeline/errors.ts';
import { decodeUnits } from '../../support/decode-video.ts';

const SOURCE = { widthPx: 64, heightPx: 64 };
const TARGET = { widthPx: 114, heightPx: 64 };
const OPTIONS = { source: SOURCE, target: TARGET, framesPerSecond: 12 };

/** Left half of one colour, right half of another, the border moved by a few pixels from picture to picture. */
const picture = (shift: number): Uint8Array =>
  Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => {
    const column = Math.floor(at / 3) % 64;
    return (column < 24 + shift ? [200, 40, 60] : [30, 90, 180])[at % 3]!;
  });

async function encode(
  codec: VideoEncoderOptions['codec'],
  { pictures = 8, keyframes = [] as number[] } = {},
): Promise<VideoUnit[]> {
  using encoder = await openNodeAvVideoEncoder({ ...OPTIONS, codec });
  const units: VideoUnit[] = [];
  for (let index = 0; index < pictures; index += 1) {
    units.push(
      await encoder.encode({
        rgb: picture(2 * index),
        timestampUs: index * 83_333,
        isKeyframe: keyframes.includes(index),
      }),
    );
  }
  return units;
}

describe.each(['h264', 'vp8'] as const)('the %s encoder', (codec) => {
  it('gives every picture its unit at once; decoded, they have its colours and size', async () => {
    const units = await encode(codec);
    const decoded = await decodeUnits(codec, units);
    expect(decoded).toHaveLength(8);
    for (const [index, { widthPx, heightPx, rgb }] of decoded.entries()) {
      expect({ widthPx, heightPx }).toEqual(TARGET);
      const at = (column: number): number[] => [...rgb.subarray((32 * 114 + column) * 3).subarray(0, 3)];
      const border = ((24 + 2 * index) * 114) / 64;
      for (const [column, colour] of [
        [Math.round(border) - 12, [200, 40, 60]],
        [Math.round(border) + 12, [30, 90, 180]],
      ] as const) {
        at(column).forEach((value, channel) => {
          expect(Math.abs(value - colour[channel]!), `picture ${index}, column ${column}`).toBeLessThan(16);
        });
      }
    }
  });

  it('makes keyframes of the first picture and of those that are asked for, and of no others', async () => {
    const units = await encode(codec, { pictures: 40, keyframes: [17] });
    const keyframes = units.flatMap(({ isKeyframe }, index) => (isKeyframe ? [index] : []));
    expect(keyframes).toEqual([0, 17]);
    // Who comes late decodes from the keyframe on.
    expect(await decodeUnits(codec, units.slice(17))).toHaveLength(23);
  });

  it('takes nothing once disposed of', async () => {
    const encoder = await openNodeAvVideoEncoder({ ...OPTIONS, codec });
    encoder[Symbol.dispose]();
    encoder[Symbol.dispose]();
    const one = { rgb: picture(0), timestampUs: 0, isKeyframe: true };
    await expect(encoder.encode(one)).rejects.toThrow(DisposedError);
  });
});

it('H.264 is constrained baseline, without reordering, with one reference, its parameter sets before each IDR', async () => {
  const units = await encode('h264', { keyframes: [5] });
  const types = units.map(({ data }) => elementsOf(data).map((nal) => nal[0]! & 31));
  expect(types.map((nals) => nals.filter((type) => type !== 6))).toEqual([
    [7, 8, 5],
    [1],
    [1],
    [1],
    [1],
    [7, 8, 5],
    [1],
    [1],
  ]);
  // profile_idc 66 and constraint_set1_flag: constrained baseline (ITU-T H.264 A.2.1.1).
  const sps = elementsOf(units[0]!.data).find((nal) => (nal[0]! & 31) === 7)!;
  expect([sps[1], sps[2]! & 0x40]).toEqual([66, 0x40]);
  expect(formatOfH264Sps(parseH264Sps(sps)!)).toMatchObject({ referencePictures: 1, hasReordering: false });
});
