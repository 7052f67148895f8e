import type { VideoFormat } from '../types.ts';
import { BitReader, unescapeNal } from './bit-reader.ts';

/** What a sequence parameter set (ITU-T H.264 7.3.2.1.1) says about splitting, order, size and time. */
export interface H264Sps {
  readonly id: number;
  readonly profile: number;
  readonly constraints: number;
  readonly level: number;
  readonly hasSeparateColourPlanes: boolean;
  readonly frameNumBits: number;
  readonly orderType: number;
  /** Bits of pic_order_cnt_lsb (order type 0). */
  readonly orderLsbBits: number;
  readonly isDeltaOrderAlwaysZero: boolean;
  readonly offsetForNonReference: number;
  readonly offsetForTopToBottom: number;
  readonly offsetsForReferenceFrame: readonly number[];
  readonly referencePictures: number;
  readonly areFrameNumGapsAllowed: boolean;
  readonly isFrameMbsOnly: boolean;
  /** Picture size after cropping, px. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** Width over height of a pixel; 1 where it is not said. */
  readonly sampleAspect: number;
  readonly framesPerSecond: number | undefined;
  readonly hasReordering: boolean;
}

/** What a picture parameter set (7.3.2.2) says about slice headers. */
export interface H264Pps {
  readonly id: number;
  readonly spsId: number;
  /** bottom_field_pic_order_in_frame_present_flag. */
  readonly hasBottomOrder: boolean;
}

/** Profiles whose parameter sets carry the chroma format and scaling lists (7.3.2.1.1). */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
/** Profiles that are intra only where constraint_set3_flag is set (A.2.8 to A.2.11). */
const INTRA_PROFILES = new Set([44, 86, 100, 110, 122, 244]);
/** Table E-1: sample aspect ratios by aspect_ratio_idc. */
const SAMPLE_ASPECTS = [
  1,
  1,
  12 / 11,
  10 / 11,
  16 / 11,
  40 / 33,
  24 / 11,
  20 / 11,
  32 / 11,
  80 / 33,
  18 / 11,
  15 / 11,
  64 / 33,
  160 / 99,
  4 / 3,
  3 / 2,
  2,
] as const;
const EXTENDED_ASPECT = 255;

/** Parses the NAL unit of a sequence parameter set, header byte included; `undefined` where it is not a valid one. */
export function parseH264Sps(nal: Uint8Array): H264Sps | undefined {
  if (nal.length < 5) return undefined;
  const bits = new BitReader(unescapeNal(nal.subarray(1)));
  const profile = bits.bits(8);
  const constraints = bits.bits(8);
  const level = bits.bits(8);
  const id = bits.ue();
  const chroma = HIGH_PROFILES.has(profile) ? parseChroma(bits) : { format: 1, hasSeparatePlanes: false };
  const frameNumBits = bits.ue() + 4;
  const order = parseOrder(bits);
  const referencePictures = bits.ue();
  const areFrameNumGapsAllowed = bits.flag();
  const size = parseSize(bits, chroma);
  const vui = bits.flag() ? parseVui(bits) : NO_VUI;
  const isValid =
    !bits.isExhausted && id <= 31 && frameNumBits <= 16 && order.lsbBits <= 16 && referencePictures <= 16;
  if (
    !isValid ||
    chroma.format > 3 ||
    size.widthPx < 1 ||
    size.heightPx < 1 ||
    size.macroblocks > MAX_MACROBLOCKS
  )
    return undefined;
  const isIntraOnly = INTRA_PROFILES.has(profile) && (constraints & 0x10) !== 0;
  const canReorder = profile !== BASELINE && order.type !== 2 && !isIntraOnly;
  return {
    id,
    profile,
    constraints,
    level,
    hasSeparateColourPlanes: chroma.hasSeparatePlanes,
    frameNumBits,
    orderType: order.type,
    orderLsbBits: order.lsbBits,
    isDeltaOrderAlwaysZero: order.isDeltaAlwaysZero,
    offsetForNonReference: order.offsetForNonReference,
    offsetForTopToBottom: order.offsetForTopToBottom,
    offsetsForReferenceFrame: order.offsets,
    referencePictures,
    areFrameNumGapsAllowed,
    isFrameMbsOnly: size.isFrameMbsOnly,
    widthPx: size.widthPx,
    heightPx: size.heightPx,
    sampleAspect: vui.sampleAspect,
    framesPerSecond: vui.framesPerSecond,
    hasReordering: canReorder && vui.reorderFrames !== 0,
  };
}

const BASELINE = 66;
/** Far above level 6.2 (139264), so that only nonsense is refused here. */
const MAX_MACROBLOCKS = 1 << 22;

function parseChroma(bits: BitReader): { format: number; hasSeparatePlanes: boolean } {
  const format = bits.ue();
  const hasSeparatePlanes = format === 3 && bits.flag();
  bits.ue();
  bits.ue();
  bits.skip(1);
  if (bits.flag()) {
    const lists = format === 3 ? 12 : 8;
    for (let list = 0; list < lists; list += 1) {
      if (bits.flag()) skipScalingList(bits, list < 6 ? 16 : 64);
    }
  }
  return { format, hasSeparatePlanes };
}

/** Scaling list syntax, 7.3.2.1.1.1. */
function skipScalingList(bits: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let at = 0; at < size; at += 1) {
    if (next !== 0) next = (last + bits.se() + 256) % 256;
    last = next === 0 ? last : next;
  }
}

function parseOrder(bits: BitReader) {
  const type = bits.ue();
  const order = {
    type,
    lsbBits: type === 0 ? bits.ue() + 4 : 0,
    isDeltaAlwaysZero: false,
    offsetForNonReference: 0,
    offsetForTopToBottom: 0,
    offsets: [] as number[],
  };
  if (type !== 1) return order;
  order.isDeltaAlwaysZero = bits.flag();
  order.offsetForNonReference = bits.se();
  order.offsetForTopToBottom = bits.se();
  const count = Math.min(bits.ue(), 255);
  for (let at = 0; at < count && !bits.isExhausted; at += 1) order.offsets.push(bits.se());
  return order;
}

function parseSize(bits: BitReader, chroma: { format: number; hasSeparatePlanes: boolean }) {
  const columns = bits.ue() + 1;
  const mapRows = bits.ue() + 1;
  const isFrameMbsOnly = bits.flag();
  if (!isFrameMbsOnly) bits.skip(1);
  bits.skip(1);
  const fieldFactor = isFrameMbsOnly ? 1 : 2;
  let widthPx = columns * 16;
  let heightPx = mapRows * fieldFactor * 16;
  if (bits.flag()) {
    // Crop units, (7-19) to (7-22).
    const arrayType = chroma.hasSeparatePlanes ? 0 : chroma.format;
    const unitX = arrayType === 1 || arrayType === 2 ? 2 : 1;
    const unitY = (arrayType === 1 ? 2 : 1) * fieldFactor;
    widthPx -= (bits.ue() + bits.ue()) * unitX;
    heightPx -= (bits.ue() + bits.ue()) * unitY;
  }
  return { isFrameMbsOnly, widthPx, heightPx, macroblocks: columns * mapRows * fieldFactor };
}

interface Vui {
  readonly sampleAspect: number;
  readonly framesPerSecond: number | undefined;
  /** max_num_reorder_frames, where it is said. */
  readonly reorderFrames: number | undefined;
}
const NO_VUI: Vui = { sampleAspect: 1, framesPerSecond: undefined, reorderFrames: undefined };

/** Video usability information, E.1.1. What is cut off by the end of the data counts as not said. */
function parseVui(bits: BitReader): Vui {
  const sampleAspect = bits.flag() ? parseSampleAspect(bits) : 1;
  if (bits.flag()) bits.skip(1);
  if (bits.flag()) {
    bits.skip(4);
    if (bits.flag()) bits.skip(24);
  }
  if (bits.flag()) {
    bits.ue();
    bits.ue();
  }
  const framesPerSecond = bits.flag() ? parseRate(bits) : undefined;
  const hasNalHrd = bits.flag();
  if (hasNalHrd) skipHrd(bits);
  const hasVclHrd = bits.flag();
  if (hasVclHrd) skipHrd(bits);
  if (hasNalHrd || hasVclHrd) bits.skip(1);
  bits.skip(1);
  if (!bits.flag()) return { sampleAspect, framesPerSecond, reorderFrames: undefined };
  bits.skip(1);
  bits.ue();
  bits.ue();
  bits.ue();
  bits.ue();
  const reorderFrames = bits.ue();
  bits.ue();
  return { sampleAspect, framesPerSecond, reorderFrames };
}

function parseSampleAspect(bits: BitReader): number {
  const index = bits.bits(8);
  if (index !== EXTENDED_ASPECT) return SAMPLE_ASPECTS[index] ?? 1;
  const width = bits.bits(16);
  const height = bits.bits(16);
  return width > 0 && height > 0 ? width / height : 1;
}

/** A tick is a field's duration, hence the half (E.2.1). */
function parseRate(bits: BitReader): number | undefined {
  const unitsInTick = bits.bits(32);
  const timeScale = bits.bits(32);
  bits.skip(1);
  const rate = timeScale / (2 * unitsInTick);
  return Number.isFinite(rate) && rate > 0 && rate <= 1000 ? rate : undefined;
}

/** E.1.2. */
function skipHrd(bits: BitReader): void {
  const count = Math.min(bits.ue() + 1, 32);
  bits.skip(8);
  for (let at = 0; at < count; at += 1) {
    bits.ue();
    bits.ue();
    bits.skip(1);
  }
  bits.skip(20);
}

/** Parses the NAL unit of a picture parameter set, header byte included, as far as slice headers need it. */
export function parseH264Pps(nal: Uint8Array): H264Pps | undefined {
  const bits = new BitReader(unescapeNal(nal.subarray(1), 32));
  const id = bits.ue();
  const spsId = bits.ue();
  bits.skip(1);
  const hasBottomOrder = bits.flag();
  if (bits.isExhausted || id > 255 || spsId > 31) return undefined;
  return { id, spsId, hasBottomOrder };
}

/** What a sequence parameter set tells of the stream that it governs. */
export const formatOfH264Sps = (sps: H264Sps, extradata?: Uint8Array): VideoFormat => ({
  codec: 'h264',
  extradata,
  widthPx: sps.widthPx,
  heightPx: sps.heightPx,
  framesPerSecond: sps.framesPerSecond,
  referencePictures: sps.referencePictures,
  hasReordering: sps.hasReordering,
});
