import type { VideoFormat } from '../types.ts';
import { BitReader } from './bit-reader.ts';

/** What a sequence header, with its extension in MPEG-2, says about size and time. */
export interface Mpeg2Sequence {
  readonly widthPx: number;
  readonly heightPx: number;
  /** aspect_ratio_information as it is coded. */
  readonly aspect: number;
  readonly framesPerSecond: number;
  readonly hasReordering: boolean;
}

/** frame_rate_code, ITU-T H.262 Table 6-4. */
const RATES = [undefined, 24000 / 1001, 24, 25, 30000 / 1001, 30, 50, 60000 / 1001, 60] as const;

/** Parses a sequence header (6.2.2.1), start code value included; `undefined` where it is not a valid one. */
export function parseMpeg2Sequence(element: Uint8Array): Mpeg2Sequence | undefined {
  const bits = new BitReader(element.subarray(1));
  const widthPx = bits.bits(12);
  const heightPx = bits.bits(12);
  const aspect = bits.bits(4);
  const framesPerSecond = RATES[bits.bits(4)];
  bits.skip(18);
  const hasMarker = bits.flag();
  if (bits.isExhausted || !hasMarker || widthPx === 0 || heightPx === 0) return undefined;
  if (aspect === 0 || framesPerSecond === undefined) return undefined;
  return { widthPx, heightPx, aspect, framesPerSecond, hasReordering: true };
}

/** Adds a sequence extension (6.2.2.3), start code value included. */
export function parseMpeg2Extension(element: Uint8Array, sequence: Mpeg2Sequence): Mpeg2Sequence {
  const bits = new BitReader(element.subarray(1));
  bits.skip(4 + 8 + 1 + 2);
  const widthHigh = bits.bits(2);
  const heightHigh = bits.bits(2);
  bits.skip(12 + 1 + 8);
  const isLowDelay = bits.flag();
  const numerator = bits.bits(2) + 1;
  const denominator = bits.bits(5) + 1;
  if (bits.isExhausted) return sequence;
  return {
    ...sequence,
    widthPx: sequence.widthPx + widthHigh * 4096,
    heightPx: sequence.heightPx + heightHigh * 4096,
    framesPerSecond: (sequence.framesPerSecond * numerator) / denominator,
    hasReordering: !isLowDelay,
  };
}

/** What a sequence header tells of the stream that it governs. */
export const formatOfMpeg2 = (sequence: Mpeg2Sequence, isMpeg2: boolean): VideoFormat => ({
  codec: isMpeg2 ? 'mpeg2' : 'mpeg1',
  widthPx: sequence.widthPx,
  heightPx: sequence.heightPx,
  framesPerSecond: sequence.framesPerSecond,
  referencePictures: sequence.hasReordering ? 2 : 1,
  hasReordering: sequence.hasReordering,
});
