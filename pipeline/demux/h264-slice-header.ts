import { BitReader, unescapeNal } from './bit-reader.ts';
import type { H264Pps, H264Sps } from './h264-parameter-sets.ts';

/** The beginning of a slice header (ITU-T H.264 7.3.3), up to the fields that tell pictures apart. */
export interface H264SliceHeader {
  readonly nalType: number;
  /** nal_ref_idc; 0 where no other picture refers to this one. */
  readonly refIdc: number;
  readonly firstMacroblock: number;
  /** slice_type modulo 5: 0 P, 1 B, 2 I, 3 SP, 4 SI. */
  readonly sliceType: number;
  readonly ppsId: number;
  readonly sps: H264Sps;
  readonly frameNum: number;
  readonly isField: boolean;
  readonly isBottom: boolean;
  readonly idrId: number;
  readonly orderLsb: number;
  readonly orderDeltaBottom: number;
  readonly orderDelta0: number;
  readonly orderDelta1: number;
}

/** Bytes that hold the beginning of any slice header, emulation prevention included. */
export const SLICE_HEADER_BYTES = 40;

export const NAL_SLICE = 1;
export const NAL_IDR = 5;
export const NAL_SEI = 6;
export const NAL_SPS = 7;
export const NAL_PPS = 8;

/** Parameter sets in force, by their ids. */
export interface H264ParameterSets {
  sps(id: number): H264Sps | undefined;
  pps(id: number): H264Pps | undefined;
}

/** first_mb_in_slice, which needs no parameter set. */
export const firstMacroblockOf = (nal: Uint8Array): number =>
  new BitReader(unescapeNal(nal.subarray(1, 1 + 8))).ue();

/** Parses a slice's NAL unit, header byte included; `undefined` where it is damaged or its parameter sets are missing. */
export function parseH264SliceHeader(nal: Uint8Array, sets: H264ParameterSets): H264SliceHeader | undefined {
  const header = nal[0] ?? 0;
  const nalType = header & 31;
  const bits = new BitReader(unescapeNal(nal.subarray(1, 1 + SLICE_HEADER_BYTES)));
  const firstMacroblock = bits.ue();
  const sliceType = bits.ue();
  const ppsId = bits.ue();
  const pps = sets.pps(ppsId);
  const sps = pps && sets.sps(pps.spsId);
  if (!pps || !sps || sliceType > 9) return undefined;
  if (sps.hasSeparateColourPlanes) bits.skip(2);
  const frameNum = bits.bits(sps.frameNumBits);
  const isField = !sps.isFrameMbsOnly && bits.flag();
  const isBottom = isField && bits.flag();
  const idrId = nalType === NAL_IDR ? bits.ue() : 0;
  const hasDeltas = pps.hasBottomOrder && !isField;
  const orderLsb = sps.orderType === 0 ? bits.bits(sps.orderLsbBits) : 0;
  const orderDeltaBottom = sps.orderType === 0 && hasDeltas ? bits.se() : 0;
  const isDeltaCoded = sps.orderType === 1 && !sps.isDeltaOrderAlwaysZero;
  const orderDelta0 = isDeltaCoded ? bits.se() : 0;
  const orderDelta1 = isDeltaCoded && hasDeltas ? bits.se() : 0;
  if (bits.isExhausted) return undefined;
  return {
    nalType,
    refIdc: (header >> 5) & 3,
    firstMacroblock,
    sliceType: sliceType % 5,
    ppsId,
    sps,
    frameNum,
    isField,
    isBottom,
    idrId,
    orderLsb,
    orderDeltaBottom,
    orderDelta0,
    orderDelta1,
  };
}

/** Whether two slices, one after the other, belong to different primary coded pictures (7.4.1.2.4). */
export function differInPicture(before: H264SliceHeader, now: H264SliceHeader): boolean {
  const isIdr = now.nalType === NAL_IDR;
  return (
    before.frameNum !== now.frameNum ||
    before.ppsId !== now.ppsId ||
    before.sps !== now.sps ||
    before.isField !== now.isField ||
    before.isBottom !== now.isBottom ||
    (before.refIdc === 0) !== (now.refIdc === 0) ||
    before.orderLsb !== now.orderLsb ||
    before.orderDeltaBottom !== now.orderDeltaBottom ||
    before.orderDelta0 !== now.orderDelta0 ||
    before.orderDelta1 !== now.orderDelta1 ||
    (before.nalType === NAL_IDR) !== isIdr ||
    (isIdr && before.idrId !== now.idrId)
  );
}

/** Whether `now` is the other field of the frame whose first field holds `before` (3.30 complementary field pair). */
export function areFieldsOfOneFrame(before: H264SliceHeader, now: H264SliceHeader): boolean {
  return (
    before.isField &&
    now.isField &&
    before.isBottom !== now.isBottom &&
    before.frameNum === now.frameNum &&
    before.sps === now.sps &&
    now.nalType !== NAL_IDR &&
    (before.refIdc === 0) === (now.refIdc === 0)
  );
}
