import { type H264Pps, type H264Sps, parseH264Pps, parseH264Sps } from './h264-parameter-sets.ts';
import {
  areFieldsOfOneFrame,
  differInPicture,
  firstMacroblockOf,
  type H264ParameterSets,
  type H264SliceHeader,
  NAL_IDR,
  NAL_PPS,
  NAL_SLICE,
  NAL_SPS,
  parseH264SliceHeader,
  SLICE_HEADER_BYTES,
} from './h264-slice-header.ts';
import type { PictureBoundaries, Placement } from './start-code-splitter.ts';

/** The parameter sets that a stream has sent; an identical repetition keeps the object that is in force. */
export class H264Tables implements H264ParameterSets {
  readonly #sps = new Map<number, { readonly bytes: Uint8Array; readonly sps: H264Sps }>();
  readonly #pps = new Map<number, H264Pps>();

  /** Takes a NAL unit if it is a valid parameter set; borrows it. */
  add(nal: Uint8Array): void {
    const type = (nal[0] ?? 0) & 31;
    if (type === NAL_PPS) {
      const pps = parseH264Pps(nal);
      if (pps) this.#pps.set(pps.id, pps);
    } else if (type === NAL_SPS) {
      const sps = parseH264Sps(nal);
      const known = sps && this.#sps.get(sps.id);
      if (sps && !(known && Buffer.compare(known.bytes, nal) === 0))
        this.#sps.set(sps.id, { bytes: nal.slice(), sps });
    }
  }

  sps(id: number): H264Sps | undefined {
    return this.#sps.get(id)?.sps;
  }

  pps(id: number): H264Pps | undefined {
    return this.#pps.get(id);
  }
}

/** NAL unit types that begin an access unit where a picture precedes them (ITU-T H.264 7.4.1.2.3). */
const opensUnit = (type: number): boolean => (type >= 6 && type <= 9) || (type >= 14 && type <= 18);
const NAL_DATA_PARTITION_A = 2;

/** Tells where H.264 access units begin; the two fields of a frame stay together. */
export class H264Boundaries implements PictureBoundaries {
  readonly lookaheadBytes = 1 + SLICE_HEADER_BYTES;
  readonly hasZeroByte = true;
  readonly #tables = new H264Tables();
  /** Last slice of the unit in progress whose header could be read. */
  #slice: H264SliceHeader | undefined;
  #hasPicture = false;
  #hasTwoFields = false;

  get hasPicture(): boolean {
    return this.#hasPicture;
  }

  place(head: Uint8Array): Placement {
    const type = (head[0] ?? 0) & 31;
    if (type === NAL_SLICE || type === NAL_IDR || type === NAL_DATA_PARTITION_A)
      return this.#placeSlice(head);
    if (!opensUnit(type) || !this.#hasPicture) return 'joins';
    if (this.#slice?.isField && !this.#hasTwoFields) return 'may-open';
    this.reset();
    return 'opens';
  }

  complete(element: Uint8Array): void {
    this.#tables.add(element);
  }

  reset(): void {
    this.#slice = undefined;
    this.#hasPicture = false;
    this.#hasTwoFields = false;
  }

  #placeSlice(head: Uint8Array): Placement {
    const slice = parseH264SliceHeader(head, this.#tables);
    const placement = this.#compare(head, slice);
    if (placement === 'opens') this.reset();
    this.#slice = slice ?? this.#slice;
    this.#hasPicture = true;
    return placement;
  }

  #compare(head: Uint8Array, slice: H264SliceHeader | undefined): Placement {
    if (!this.#hasPicture) return 'joins';
    const before = this.#slice;
    if (!slice || !before) return firstMacroblockOf(head) === 0 ? 'opens' : 'joins';
    if (!this.#hasTwoFields && areFieldsOfOneFrame(before, slice)) {
      this.#hasTwoFields = true;
      return 'joins';
    }
    return slice.firstMacroblock === 0 || differInPicture(before, slice) ? 'opens' : 'joins';
  }
}
