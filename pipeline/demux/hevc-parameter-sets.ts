import type { VideoFormat } from '../types.ts';
import { BitReader, unescapeNal } from './bit-reader.ts';

/** NAL unit types, ITU-T H.265 Table 7-1. */
export const HEVC_IRAP_FIRST = 16;
export const HEVC_IDR_FIRST = 19;
export const HEVC_IDR_LAST = 20;
export const HEVC_IRAP_LAST = 23;
export const HEVC_VPS = 32;
export const HEVC_SPS = 33;
export const HEVC_PPS = 34;
export const HEVC_AUD = 35;
export const HEVC_PREFIX_SEI = 39;

/** What a sequence parameter set (7.3.2.2.1) says about order and size. */
export interface HevcSps {
  readonly id: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly hasSeparateColourPlanes: boolean;
  readonly orderLsbBits: number;
  readonly referencePictures: number;
  readonly reorderPictures: number;
}

/** What a picture parameter set (7.3.2.3.1) says about slice headers. */
export interface HevcPps {
  readonly id: number;
  readonly spsId: number;
  readonly hasOutputFlag: boolean;
  readonly extraSliceBits: number;
}

/** nal_unit_type, or -1 where the header (7.3.1.2) is none of the base layer. */
export function hevcTypeOf(nal: Uint8Array): number {
  const isBaseLayer = nal.length > 2 && ((nal[0] ?? 0) & 0x81) === 0 && ((nal[1] ?? 0) & 0xf8) === 0;
  return isBaseLayer && ((nal[1] ?? 0) & 7) !== 0 ? (nal[0] ?? 0) >> 1 : -1;
}

/** Parses a sequence parameter set, header included; `undefined` where it is not a valid one. */
export function parseHevcSps(nal: Uint8Array): HevcSps | undefined {
  const bits = new BitReader(unescapeNal(nal.subarray(2), 512));
  bits.skip(4);
  const subLayers = bits.bits(3);
  bits.skip(1);
  skipProfileTierLevel(bits, subLayers);
  const id = bits.ue();
  const chroma = bits.ue();
  const hasSeparateColourPlanes = chroma === 3 && bits.flag();
  const codedWidth = bits.ue();
  const codedHeight = bits.ue();
  const crop = bits.flag() ? { x: bits.ue() + bits.ue(), y: bits.ue() + bits.ue() } : { x: 0, y: 0 };
  bits.ue();
  bits.ue();
  const orderLsbBits = bits.ue() + 4;
  const hasEverySubLayer = bits.flag();
  let referencePictures = 0;
  let reorderPictures = 0;
  for (let layer = hasEverySubLayer ? 0 : subLayers; layer <= subLayers; layer += 1) {
    referencePictures = bits.ue();
    reorderPictures = bits.ue();
    bits.ue();
  }
  const widthPx = codedWidth - crop.x * (chroma === 1 || chroma === 2 ? 2 : 1);
  const heightPx = codedHeight - crop.y * (chroma === 1 ? 2 : 1);
  const isValid = !bits.isExhausted && id <= 15 && chroma <= 3 && orderLsbBits <= 16 && subLayers < 7;
  if (!isValid || widthPx < 1 || heightPx < 1 || widthPx > 65_535 || heightPx > 65_535) return undefined;
  if (referencePictures > 15 || reorderPictures > referencePictures) return undefined;
  return { id, widthPx, heightPx, hasSeparateColourPlanes, orderLsbBits, referencePictures, reorderPictures };
}

/** 7.3.3 */
function skipProfileTierLevel(bits: BitReader, subLayers: number): void {
  bits.skip(88 + 8);
  const present: { profile: boolean; level: boolean }[] = [];
  for (let layer = 0; layer < subLayers; layer += 1)
    present.push({ profile: bits.flag(), level: bits.flag() });
  if (subLayers > 0) bits.skip(2 * (8 - subLayers));
  for (const layer of present) bits.skip((layer.profile ? 88 : 0) + (layer.level ? 8 : 0));
}

/** Parses a picture parameter set, header included, as far as slice headers need it. */
export function parseHevcPps(nal: Uint8Array): HevcPps | undefined {
  const bits = new BitReader(unescapeNal(nal.subarray(2), 32));
  const id = bits.ue();
  const spsId = bits.ue();
  bits.skip(1);
  const hasOutputFlag = bits.flag();
  const extraSliceBits = bits.bits(3);
  return bits.isExhausted || id > 63 || spsId > 15 ? undefined : { id, spsId, hasOutputFlag, extraSliceBits };
}

/** What a sequence parameter set tells of the stream that it governs. */
export const formatOfHevcSps = (sps: HevcSps, extradata?: Uint8Array): VideoFormat => ({
  codec: 'hevc',
  extradata,
  widthPx: sps.widthPx,
  heightPx: sps.heightPx,
  referencePictures: Math.max(1, sps.referencePictures),
  hasReordering: sps.reorderPictures > 0,
});
