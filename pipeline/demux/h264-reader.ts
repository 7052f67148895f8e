import type { VideoFormat } from '../types.ts';
import { BitReader, unescapeNal } from './bit-reader.ts';
import type { BitstreamReader, UnitFacts } from './bitstream-reader.ts';
import { H264Tables } from './h264-boundaries.ts';
import { H264Continuity } from './h264-continuity.ts';
import { formatOfH264Sps, type H264Sps } from './h264-parameter-sets.ts';
import { H264PictureOrder } from './h264-picture-order.ts';
import {
  type H264SliceHeader,
  NAL_IDR,
  NAL_SEI,
  NAL_SLICE,
  NAL_SPS,
  parseH264SliceHeader,
} from './h264-slice-header.ts';
import { elementsOf, lengthPrefixedNals, parseAvcConfiguration } from './nal-units.ts';

const SLICE_I = 2;
const SLICE_SI = 4;
const SEI_RECOVERY_POINT = 6;

/** What the NAL units of one access unit say, beside its first slice. */
interface Survey {
  first: H264SliceHeader | undefined;
  hasSlice: boolean;
  isIntra: boolean;
  hasSps: boolean;
  hasRecoveryPoint: boolean;
}

/** Reads H.264 access units: parameter sets, keyframes, missing reference pictures, order of presentation. */
export class H264Reader implements BitstreamReader {
  readonly #tables = new H264Tables();
  readonly #continuity = new H264Continuity();
  readonly #order = new H264PictureOrder();
  readonly #extradata: Uint8Array | undefined;
  /** 0 for Annex B. */
  readonly #lengthBytes: number;
  #format: VideoFormat | undefined;
  #formatSps: H264Sps | undefined;
  #period = 0;
  /** Order count of the period's first picture. */
  #firstOrder: number | undefined;

  constructor(extradata?: Uint8Array) {
    this.#extradata = extradata;
    const configuration = extradata && parseAvcConfiguration(extradata);
    this.#lengthBytes = configuration?.lengthBytes ?? 0;
    const sets = configuration?.parameterSets ?? (extradata ? elementsOf(extradata) : []);
    for (const nal of sets) this.#tables.add(nal);
  }

  read(unit: Uint8Array, isMarkedKeyframe: boolean): UnitFacts {
    const survey = this.#survey(unit);
    const slice = survey.first;
    if (!survey.hasSlice) return { type: 'empty' };
    // Without its first macroblock a picture has lost a slice (arbitrary slice order is not taken).
    if (slice?.firstMacroblock !== 0) return { type: 'unusable' };
    const isIdr = slice.nalType === NAL_IDR;
    const isClean = survey.isIntra && (survey.hasRecoveryPoint || survey.hasSps || isMarkedKeyframe);
    if (isIdr) this.#period += 1;
    const missing = this.#continuity.missingBefore(slice);
    return {
      type: 'picture',
      isKeyframe: isIdr || isClean,
      format: this.#formatOf(slice.sps),
      missing: isIdr ? 0 : missing,
      order: { type: 'rank', period: this.#period, rank: this.#rankOf(slice, isIdr), step: undefined },
    };
  }

  #rankOf(slice: H264SliceHeader, isIdr: boolean): number {
    const order = this.#order.next(slice);
    if (isIdr) this.#firstOrder = order;
    this.#firstOrder ??= order;
    return order - this.#firstOrder;
  }

  resume(): void {
    this.#continuity.resume();
  }

  #formatOf(sps: H264Sps): VideoFormat {
    if (!this.#format || sps !== this.#formatSps) {
      this.#format = formatOfH264Sps(sps, this.#extradata);
      this.#formatSps = sps;
    }
    return this.#format;
  }

  #survey(unit: Uint8Array): Survey {
    const survey: Survey = {
      first: undefined,
      hasSlice: false,
      isIntra: true,
      hasSps: false,
      hasRecoveryPoint: false,
    };
    const nals = this.#lengthBytes > 0 ? lengthPrefixedNals(unit, this.#lengthBytes) : elementsOf(unit);
    for (const nal of nals) this.#note(nal, survey);
    return survey;
  }

  #note(nal: Uint8Array, survey: Survey): void {
    const type = (nal[0] ?? 0) & 31;
    this.#tables.add(nal);
    if (type === NAL_SPS) survey.hasSps = true;
    if (type === NAL_SEI && hasExactRecoveryPoint(nal)) survey.hasRecoveryPoint = true;
    if (type !== NAL_SLICE && type !== NAL_IDR && type !== 2) return;
    const slice = parseH264SliceHeader(nal, this.#tables);
    if (!survey.hasSlice) survey.first = slice;
    survey.hasSlice = true;
    survey.isIntra &&= slice !== undefined && (slice.sliceType === SLICE_I || slice.sliceType === SLICE_SI);
  }
}

/** Whether an SEI NAL unit (D.1) holds a recovery point at its own picture (recovery_frame_cnt 0). */
export function hasExactRecoveryPoint(nal: Uint8Array): boolean {
  const payload = unescapeNal(nal.subarray(1));
  let at = 0;
  while (at + 2 < payload.length) {
    const fields = [0, 0];
    for (const field of [0, 1]) {
      while (payload[at] === 0xff) {
        fields[field] = (fields[field] ?? 0) + 0xff;
        at += 1;
      }
      fields[field] = (fields[field] ?? 0) + (payload[at] ?? 0);
      at += 1;
    }
    const [type = 0, size = 0] = fields;
    if (type === SEI_RECOVERY_POINT) return new BitReader(payload.subarray(at, at + size)).ue() === 0;
    at += size;
  }
  return false;
}
