/** Access units with headers that the readers take and contents that tell them apart, for tests of transport. */
import { OBU_SEQUENCE_HEADER, obusOf, sizedObu } from '../../pipeline/demux/av1-obu.ts';
import { parseH264Sps } from '../../pipeline/demux/h264-parameter-sets.ts';
import { elementsOf } from '../../pipeline/demux/nal-units.ts';
import type { RtpCodec } from '../../pipeline/rtp/rtp-receiver.ts';
import { mediaFixture, runDemux } from './demux-run.ts';

export interface SyntheticUnit {
  readonly data: Uint8Array;
  readonly isKeyframe: boolean;
}

/** Makes the units of one stream in decoding order. */
export type MakeUnit = (unit: { id: number; isKeyframe: boolean; sizeBytes: number }) => SyntheticUnit;

/** Contents without zeros, so that they hold no start code: the id in base 128, then what follows from it. */
function contentOf(id: number, sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(8, sizeBytes));
  for (let at = 0; at < bytes.length; at += 1)
    bytes[at] = 0x80 | (at < 5 ? Math.floor(id / 128 ** at) % 128 : (id * 31 + at * 7) % 127);
  return bytes;
}

/** Opens a maker of units for a codec; H.264 and AV1 take their parameter sets from real media. */
export async function openUnitMaker(codec: RtpCodec): Promise<MakeUnit> {
  switch (codec) {
    case 'h264':
      return makeH264(elementsOf((await runDemux(mediaFixture('city-h264-p.h264'))).units[0]!.data));
    case 'vp8':
      return ({ id, isKeyframe, sizeBytes }) => ({
        isKeyframe,
        data: Buffer.concat([
          Uint8Array.from(isKeyframe ? [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00] : [0x11, 0, 0]),
          contentOf(id, sizeBytes),
        ]),
      });
    case 'vp9':
      return ({ id, isKeyframe, sizeBytes }) => ({
        isKeyframe,
        data: Buffer.concat([
          Uint8Array.from(isKeyframe ? [0x82, 0x49, 0x83, 0x42, 0x20, 0x13, 0xf0, 0x0b, 0x30] : [0x86]),
          contentOf(id, sizeBytes),
        ]),
      });
    case 'av1':
      return makeAv1((await runDemux(mediaFixture('city-av1.webm'))).units[0]!.data);
  }
}

function makeAv1(keyframe: Uint8Array): MakeUnit {
  const sequence = obusOf(keyframe).find(({ type }) => type === OBU_SEQUENCE_HEADER)!;
  return ({ id, isKeyframe, sizeBytes }) => {
    const payload = Buffer.concat([Uint8Array.of(isKeyframe ? 0x10 : 0x30), contentOf(id, sizeBytes)]);
    const frame = sizedObu({ header: Uint8Array.of(6 << 3), payload });
    return { isKeyframe, data: isKeyframe ? Buffer.concat([sizedObu(sequence), frame]) : frame };
  };
}

/** One slice a picture, each referring to the one before; frame_num counts as it must. */
function makeH264(nals: readonly Uint8Array[]): MakeUnit {
  const sets = nals.filter((nal) => [7, 8].includes(nal[0]! & 31));
  const sps = parseH264Sps(sets[0]!)!;
  let frameNum = 0;
  return ({ id, isKeyframe, sizeBytes }) => {
    frameNum = isKeyframe ? 0 : (frameNum + 1) % 2 ** sps.frameNumBits;
    // first_mb_in_slice 0, slice_type 7 or 5, pic_parameter_set_id 0, frame_num, and for an IDR idr_pic_id 0.
    const number = frameNum.toString(2).padStart(sps.frameNumBits, '0');
    const bits = `1${isKeyframe ? '0001000' : '00110'}1${number}${isKeyframe ? '1' : ''}`;
    const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
    const header = Array.from({ length: padded.length / 8 }, (_, at) =>
      Number.parseInt(padded.slice(at * 8, at * 8 + 8), 2),
    );
    const slice = Buffer.concat([
      Uint8Array.of(isKeyframe ? 0x65 : 0x61, ...header),
      contentOf(id, sizeBytes),
    ]);
    const parts = isKeyframe ? [...sets, slice] : [slice];
    return { isKeyframe, data: Buffer.concat(parts.flatMap((nal) => [Uint8Array.of(0, 0, 0, 1), nal])) };
  };
}
