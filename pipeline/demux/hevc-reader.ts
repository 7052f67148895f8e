import type { VideoFormat } from '../types.ts';
import { BitReader, unescapeNal } from './bit-reader.ts';
import type { BitstreamReader, UnitFacts } from './bitstream-reader.ts';
import {
  formatOfHevcSps,
  HEVC_AUD,
  HEVC_IDR_FIRST,
  HEVC_IDR_LAST,
  HEVC_IRAP_FIRST,
  HEVC_IRAP_LAST,
  HEVC_PPS,
  HEVC_PREFIX_SEI,
  HEVC_SPS,
  HEVC_VPS,
  type HevcPps,
  type HevcSps,
  hevcTypeOf,
  parseHevcPps,
  parseHevcSps,
} from './hevc-parameter-sets.ts';
import { elementsOf, lengthPrefixedNals, parseHevcConfiguration } from './nal-units.ts';
import type { PictureBoundaries, Placement } from './start-code-splitter.ts';

/** Slice segments have the types below 32 (ITU-T H.265 Table 7-1). */
const isSlice = (type: number): boolean => type >= 0 && type < HEVC_VPS;
/** first_slice_segment_in_pic_flag. */
const isFirstSlice = (nal: Uint8Array): boolean => ((nal[2] ?? 0) & 0x80) !== 0;
/** Types that begin an access unit where a picture precedes them (7.4.2.4.4). */
const opensUnit = (type: number): boolean =>
  (type >= HEVC_VPS && type <= HEVC_AUD) ||
  type === HEVC_PREFIX_SEI ||
  (type >= 41 && type <= 44) ||
  (type >= 48 && type <= 55);

/** Tells where HEVC access units begin. */
export class HevcBoundaries implements PictureBoundaries {
  readonly lookaheadBytes = 3;
  readonly hasZeroByte = true;
  #hasPicture = false;

  get hasPicture(): boolean {
    return this.#hasPicture;
  }

  place(head: Uint8Array): Placement {
    const type = hevcTypeOf(head);
    const opens = this.#hasPicture && (isSlice(type) ? isFirstSlice(head) : opensUnit(type));
    if (opens) this.reset();
    if (isSlice(type)) this.#hasPicture = true;
    return opens ? 'opens' : 'joins';
  }

  complete(): void {
    // The first bytes of a NAL unit say all that boundaries need.
  }

  reset(): void {
    this.#hasPicture = false;
  }
}

/** Reads HEVC access units. A missing picture is not noticed here: reference picture sets are not followed. */
export class HevcReader implements BitstreamReader {
  readonly #extradata: Uint8Array | undefined;
  /** 0 for Annex B. */
  readonly #lengthBytes: number;
  readonly #sps = new Map<number, { bytes: Uint8Array; sps: HevcSps; format: VideoFormat }>();
  readonly #pps = new Map<number, HevcPps>();
  #period = 0;
  #previousOrder = 0;
  /** Order count of the period's first picture. */
  #firstOrder: number | undefined;

  constructor(extradata?: Uint8Array) {
    this.#extradata = extradata;
    const configuration = extradata && parseHevcConfiguration(extradata);
    this.#lengthBytes = configuration?.lengthBytes ?? 0;
    for (const nal of configuration?.parameterSets ?? []) this.#takeParameterSet(nal);
  }

  read(unit: Uint8Array): UnitFacts {
    const nals = this.#lengthBytes > 0 ? lengthPrefixedNals(unit, this.#lengthBytes) : elementsOf(unit);
    for (const nal of nals) this.#takeParameterSet(nal);
    const slice = nals.find((nal) => isSlice(hevcTypeOf(nal)));
    if (!slice) return { type: 'empty' };
    const type = hevcTypeOf(slice);
    const isIrap = type >= HEVC_IRAP_FIRST && type <= HEVC_IRAP_LAST;
    const header = isFirstSlice(slice) ? this.#readHeader(slice, type, isIrap) : undefined;
    if (!header) return { type: 'unusable' };
    return {
      type: 'picture',
      isKeyframe: isIrap,
      format: header.format,
      missing: 0,
      order: { type: 'rank', period: this.#period, rank: header.order - (this.#firstOrder ?? 0), step: 1 },
    };
  }

  resume(): void {
    // Nothing is carried over a hole but the order count, which finds itself again at the next IRAP picture.
  }

  #takeParameterSet(nal: Uint8Array): void {
    const type = hevcTypeOf(nal);
    if (type === HEVC_PPS) {
      const pps = parseHevcPps(nal);
      if (pps) this.#pps.set(pps.id, pps);
    } else if (type === HEVC_SPS) {
      const sps = parseHevcSps(nal);
      const known = sps && this.#sps.get(sps.id);
      if (sps && !(known && Buffer.compare(known.bytes, nal) === 0))
        this.#sps.set(sps.id, { bytes: nal.slice(), sps, format: formatOfHevcSps(sps, this.#extradata) });
    }
  }

  /** Slice segment header, 7.3.6.1, of a picture's first slice. */
  #readHeader(slice: Uint8Array, type: number, isIrap: boolean) {
    const bits = new BitReader(unescapeNal(slice.subarray(2), 40));
    bits.skip(isIrap ? 2 : 1);
    const pps = this.#pps.get(bits.ue());
    const known = pps && this.#sps.get(pps.spsId);
    if (!pps || !known) return undefined;
    bits.skip(pps.extraSliceBits);
    bits.ue();
    if (pps.hasOutputFlag) bits.skip(1);
    if (known.sps.hasSeparateColourPlanes) bits.skip(2);
    const isIdr = type >= HEVC_IDR_FIRST && type <= HEVC_IDR_LAST;
    const lsb = isIdr ? 0 : bits.bits(known.sps.orderLsbBits);
    if (bits.isExhausted) return undefined;
    const isReference = isIrap || type % 2 === 1;
    return { format: known.format, order: this.#orderOf(lsb, known.sps, { isIdr, isReference }) };
  }

  /** 8.3.1 */
  #orderOf(lsb: number, sps: HevcSps, picture: { isIdr: boolean; isReference: boolean }): number {
    const modulus = 2 ** sps.orderLsbBits;
    if (picture.isIdr) {
      this.#period += 1;
      this.#previousOrder = 0;
    }
    const order = lsb + Math.round((this.#previousOrder - lsb) / modulus) * modulus;
    if (picture.isReference) this.#previousOrder = order;
    if (picture.isIdr) this.#firstOrder = order;
    this.#firstOrder ??= order;
    return order;
  }
}
