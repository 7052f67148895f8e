import type { VideoFormat } from '../types.ts';
import { BitReader } from './bit-reader.ts';

/** What a video object layer (ISO/IEC 14496-2 6.2.3) says about size and time. */
export interface Mpeg4Vol {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Width over height of a pixel. */
  readonly sampleAspect: number;
  /** Ticks a second of the times in VOP headers. */
  readonly timeResolution: number;
  readonly framesPerSecond: number | undefined;
  readonly hasReordering: boolean;
  readonly hasQuarterSample: boolean;
}

/** Start codes, ISO/IEC 14496-2 Table 6-3. */
export const VOL_FIRST = 0x20;
export const VOL_LAST = 0x2f;
export const VISUAL_SEQUENCE_START = 0xb0;
export const VISUAL_SEQUENCE_END = 0xb1;
export const GROUP_OF_VOP = 0xb3;
export const VOP = 0xb6;

const SIMPLE_OBJECT = 1;
const RECTANGULAR = 0;
/** Table 6-12: pixel aspect by aspect_ratio_info. */
const PIXEL_ASPECTS = [1, 1, 12 / 11, 10 / 11, 16 / 11, 40 / 33] as const;
const EXTENDED_ASPECT = 15;

/** Parses a video object layer, start code value included; `undefined` where it is not a valid rectangular one. */
export function parseMpeg4Vol(element: Uint8Array): Mpeg4Vol | undefined {
  const code = element[0] ?? 0;
  if (code < VOL_FIRST || code > VOL_LAST) return undefined;
  const bits = new BitReader(element.subarray(1));
  bits.skip(1);
  const objectType = bits.bits(8);
  const version = bits.flag() ? bits.bits(7) >> 3 : 1;
  const sampleAspect = parseAspect(bits);
  const isLowDelay = parseControl(bits) || objectType === SIMPLE_OBJECT;
  const shape = bits.bits(2);
  const areMarkersSet = [bits.flag()];
  const timeResolution = bits.bits(16);
  areMarkersSet.push(bits.flag());
  const fixedIncrement = bits.flag() ? bits.bits(timeBitsOf(timeResolution)) : 0;
  areMarkersSet.push(bits.flag());
  const widthPx = bits.bits(13);
  areMarkersSet.push(bits.flag());
  const heightPx = bits.bits(13);
  areMarkersSet.push(bits.flag());
  if (bits.isExhausted || shape !== RECTANGULAR || areMarkersSet.includes(false)) return undefined;
  if (timeResolution === 0 || widthPx === 0 || heightPx === 0) return undefined;
  const rate = timeResolution / fixedIncrement;
  return {
    widthPx,
    heightPx,
    sampleAspect,
    timeResolution,
    framesPerSecond: fixedIncrement > 0 && rate <= 1000 ? rate : undefined,
    hasReordering: !isLowDelay,
    hasQuarterSample: parseQuarterSample(bits, version),
  };
}

/** Bits of a VOP's time increment (6.3.3, vop_time_increment_resolution). */
export const timeBitsOf = (resolution: number): number =>
  Math.max(1, Math.ceil(Math.log2(Math.max(2, resolution))));

function parseAspect(bits: BitReader): number {
  const info = bits.bits(4);
  if (info !== EXTENDED_ASPECT) return PIXEL_ASPECTS[info] ?? 1;
  const width = bits.bits(8);
  const height = bits.bits(8);
  return width > 0 && height > 0 ? width / height : 1;
}

/** vol_control_parameters; gives low_delay, false where it is not said. */
function parseControl(bits: BitReader): boolean {
  if (!bits.flag()) return false;
  bits.skip(2);
  const isLowDelay = bits.flag();
  if (bits.flag()) bits.skip(79);
  return isLowDelay;
}

/** From interlaced on; sprites and other bit depths carry no quarter_sample that matters here. */
function parseQuarterSample(bits: BitReader, version: number): boolean {
  bits.skip(2);
  const spriteEnable = bits.bits(version === 1 ? 1 : 2);
  if (spriteEnable !== 0) return false;
  if (bits.flag()) bits.skip(8);
  if (bits.flag()) return false;
  return version !== 1 && bits.flag() && !bits.isExhausted;
}

/** What a video object layer tells of the stream that it governs. */
export const formatOfMpeg4Vol = (vol: Mpeg4Vol, extradata?: Uint8Array): VideoFormat => ({
  codec: 'mpeg4',
  extradata,
  widthPx: vol.widthPx,
  heightPx: vol.heightPx,
  framesPerSecond: vol.framesPerSecond,
  referencePictures: vol.hasReordering ? 2 : 1,
  hasReordering: vol.hasReordering,
});
