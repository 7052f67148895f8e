import type { VideoFormat } from '../types.ts';
import { OBU_SEQUENCE_HEADER, obusOf, parseAv1SequenceHeader } from './av1-obu.ts';
import { BitReader } from './bit-reader.ts';
import type { BitstreamReader, UnitFacts } from './bitstream-reader.ts';
import type { CodedTrack } from './coded-unit.ts';

interface PictureSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** What a frame header says: whether decoding may begin here, and the size, which only a keyframe has. */
interface FrameHeader {
  readonly isKeyframe: boolean;
  readonly size?: PictureSize;
}

/** Pictures that a frame may refer to: golden and alternate besides the last (VP8), three of eight slots (VP9, AV1 seven). */
const REFERENCES = { vp8: 3, vp9: 3, av1: 7 } as const;

/** Reads codecs whose units each begin with a frame header and leave the decoder in the order in which they come. */
export class FrameHeaderReader implements BitstreamReader {
  readonly #parse: (unit: Uint8Array, isMarkedKeyframe: boolean) => FrameHeader | undefined;
  #format: VideoFormat;

  constructor(track: CodedTrack, codec: 'vp8' | 'vp9' | 'av1') {
    this.#parse = PARSERS[codec];
    this.#format = {
      codec,
      extradata: track.extradata,
      widthPx: track.widthPx,
      heightPx: track.heightPx,
      framesPerSecond: track.framesPerSecond,
      referencePictures: REFERENCES[codec],
      hasReordering: false,
    };
  }

  read(unit: Uint8Array, isMarkedKeyframe: boolean): UnitFacts {
    if (unit.length === 0) return { type: 'empty' };
    const header = this.#parse(unit, isMarkedKeyframe);
    if (!header) return { type: 'unusable' };
    const { size } = header;
    const isNew = size && (size.widthPx !== this.#format.widthPx || size.heightPx !== this.#format.heightPx);
    if (isNew) this.#format = { ...this.#format, ...size };
    return {
      type: 'picture',
      isKeyframe: header.isKeyframe,
      format: this.#format,
      missing: 0,
      order: { type: 'rank', period: 0, rank: 0, step: 1 },
    };
  }

  resume(): void {
    // A frame header says nothing of the frames before it.
  }
}

/** Frame tag and keyframe header, RFC 6386 9.1. */
export function parseVp8Header(unit: Uint8Array): FrameHeader | undefined {
  const byte = (at: number): number => unit[at] ?? 0;
  if ((byte(0) & 1) !== 0) return { isKeyframe: false };
  if (unit.length < 10 || byte(3) !== 0x9d || byte(4) !== 0x01 || byte(5) !== 0x2a) return undefined;
  const widthPx = (byte(6) | (byte(7) << 8)) & 0x3fff;
  const heightPx = (byte(8) | (byte(9) << 8)) & 0x3fff;
  return widthPx > 0 && heightPx > 0 ? { isKeyframe: true, size: { widthPx, heightPx } } : undefined;
}

const VP9_SYNC = 0x498342;
const COLOUR_RGB = 7;

/** Uncompressed header, VP9 bitstream specification 6.2 and 6.2.2. */
export function parseVp9Header(unit: Uint8Array): FrameHeader | undefined {
  const bits = new BitReader(unit.subarray(0, 24));
  if (bits.bits(2) !== 2) return undefined;
  const profile = bits.bit() + 2 * bits.bit();
  if (profile === 3) bits.skip(1);
  const showsExisting = bits.flag();
  if (showsExisting || bits.flag()) return { isKeyframe: false };
  bits.skip(2);
  if (bits.bits(24) !== VP9_SYNC) return undefined;
  if (profile >= 2) bits.skip(1);
  const isRgb = bits.bits(3) === COLOUR_RGB;
  if (!isRgb) bits.skip(1);
  if (profile % 2 === 1) bits.skip(isRgb ? 1 : 3);
  const widthPx = bits.bits(16) + 1;
  const heightPx = bits.bits(16) + 1;
  return bits.isExhausted ? undefined : { isKeyframe: true, size: { widthPx, heightPx } };
}

/** The container says what is a keyframe, since only it knows where units begin; a sequence header tells the size. */
function parseAv1Header(unit: Uint8Array, isMarkedKeyframe: boolean): FrameHeader {
  if (!isMarkedKeyframe) return { isKeyframe: false };
  const sequence = obusOf(unit).find(({ type }) => type === OBU_SEQUENCE_HEADER);
  const size = sequence && parseAv1SequenceHeader(sequence.payload);
  return size ? { isKeyframe: true, size } : { isKeyframe: true };
}

const PARSERS = {
  vp8: parseVp8Header,
  vp9: parseVp9Header,
  av1: parseAv1Header,
} as const;
