import { BitReader, unescapeNal } from '../demux/bit-reader.ts';
import { hasExactRecoveryPoint } from '../demux/h264-reader.ts';
import { NAL_IDR, NAL_SEI, NAL_SLICE, NAL_SPS } from '../demux/h264-slice-header.ts';
import { BROKEN, type Depacketized, type Depacketizer } from './depacketizer.ts';
import { H264ParameterSetCache } from './h264-parameter-set-cache.ts';

const START_CODE = Uint8Array.of(0, 0, 0, 1);
/** Payload structures, RFC 6184 5.2; those of the interleaved mode are not taken. */
const GREATEST_NAL = 23;
const STAP_A = 24;
const FU_A = 28;
const FU_START = 0x80;
const FU_END = 0x40;
const NAL_DELIMITER = 9;

const typeOf = (nal: Uint8Array): number => (nal[0] ?? 0) & 31;
const isPicture = (type: number): boolean => type >= NAL_SLICE && type <= NAL_IDR;

/** H.264 in the modes single NAL unit and non-interleaved (RFC 6184 6.2, 6.3), to Annex B. */
export class H264Depacketizer implements Depacketizer {
  readonly #sets = new H264ParameterSetCache();
  /** Type of the NAL unit that this stream's units begin with, where they do not begin a sequence. */
  #opener: number | undefined;

  /** `parameterSets` are those of the session description. */
  constructor(parameterSets: readonly Uint8Array[] = []) {
    for (const nal of parameterSets) this.#sets.add(nal);
  }

  depacketize(payloads: readonly Uint8Array[], { isAfterHole }: { isAfterHole: boolean }): Depacketized {
    const nals = nalsOf(payloads);
    const [first] = nals ?? [];
    if (!nals || !first) return BROKEN;
    const picture = nals.find((nal) => isPicture(typeOf(nal)));
    const hasSequence = nals.some((nal) => typeOf(nal) === NAL_SPS);
    const isKeyframe = picture !== undefined && startsDecoding(nals, picture);
    if (isAfterHole && !this.#isWhole({ first, picture, hasSequence, isKeyframe })) return BROKEN;
    if (!isAfterHole && picture && !hasSequence && !isKeyframe) this.#opener = typeOf(first);
    for (const nal of nals) this.#sets.add(nal);
    const parts = isKeyframe && !hasSequence ? [...this.#sets.nals, ...nals] : nals;
    return { type: 'unit', data: joinAnnexB(parts), isKeyframe };
  }

  announcesKeyframe(payload: Uint8Array): boolean {
    const type = typeOf(payload);
    if (type === FU_A) return ((payload[1] ?? 0) & 31) === NAL_IDR;
    if (type !== STAP_A) return type === NAL_IDR;
    return (aggregated(payload) ?? []).some((nal) => typeOf(nal) === NAL_IDR);
  }

  /** Whether a unit that begins after missing packets can have lost none of them. */
  #isWhole(unit: {
    first: Uint8Array;
    picture: Uint8Array | undefined;
    hasSequence: boolean;
    isKeyframe: boolean;
  }) {
    const { first, picture, hasSequence, isKeyframe } = unit;
    if (picture === undefined || firstMacroblockOf(picture) !== 0) return false;
    const opener = typeOf(first);
    // New parameter sets may be what is missing: without its own, a keyframe would be decoded by outdated ones.
    if (isKeyframe) return hasSequence && (opener === NAL_SPS || opener === NAL_DELIMITER);
    return opener === this.#opener;
  }
}

/** The NAL units of a unit's payloads, or `undefined` where a fragment is missing or a structure is not taken. */
function nalsOf(payloads: readonly Uint8Array[]): Uint8Array[] | undefined {
  const nals: Uint8Array[] = [];
  let fragments: Uint8Array[] | undefined;
  for (const payload of payloads) {
    const type = typeOf(payload);
    if ((type === FU_A) !== (fragments !== undefined || isFirstFragment(payload))) return undefined;
    if (type === FU_A) {
      if (payload.length < 3 || isFirstFragment(payload) !== (fragments === undefined)) return undefined;
      fragments ??= [];
      fragments.push(payload);
      if (((payload[1] ?? 0) & FU_END) === 0) continue;
      nals.push(joinFragments(fragments));
      fragments = undefined;
    } else if (type === STAP_A) {
      const parts = aggregated(payload);
      if (!parts) return undefined;
      nals.push(...parts);
    } else if (type >= 1 && type <= GREATEST_NAL) nals.push(payload);
    else return undefined;
  }
  return fragments ? undefined : nals;
}

const isFirstFragment = (payload: Uint8Array): boolean =>
  typeOf(payload) === FU_A && ((payload[1] ?? 0) & FU_START) !== 0;

/** The NAL units of a STAP-A, RFC 6184 5.7.1. */
function aggregated(payload: Uint8Array): Uint8Array[] | undefined {
  const nals: Uint8Array[] = [];
  for (let at = 1; at < payload.length; ) {
    const size = (payload[at] ?? 0) * 256 + (payload[at + 1] ?? 0);
    const nal = payload.subarray(at + 2, at + 2 + size);
    const type = typeOf(nal);
    if (size === 0 || nal.length !== size || type === 0 || type > GREATEST_NAL) return undefined;
    nals.push(nal);
    at += 2 + size;
  }
  return nals.length > 0 ? nals : undefined;
}

/** Rebuilds a NAL unit, RFC 6184 5.8. */
function joinFragments(fragments: readonly Uint8Array[]): Uint8Array {
  const [first] = fragments;
  const header = ((first?.[0] ?? 0) & 0xe0) | ((first?.[1] ?? 0) & 31);
  return Buffer.concat([Uint8Array.of(header), ...fragments.map((fragment) => fragment.subarray(2))]);
}

function joinAnnexB(nals: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(nals.reduce((sum, nal) => sum + START_CODE.length + nal.length, 0));
  let at = 0;
  for (const nal of nals) {
    bytes.set(START_CODE, at);
    bytes.set(nal, at + START_CODE.length);
    at += START_CODE.length + nal.length;
  }
  return bytes;
}

/** Slice header fields that need no parameter set, ITU-T H.264 7.3.3. */
function sliceHead(nal: Uint8Array): { firstMacroblock: number; sliceType: number } {
  const bits = new BitReader(unescapeNal(nal.subarray(1, 1 + 16)));
  return { firstMacroblock: bits.ue(), sliceType: bits.ue() % 5 };
}

const firstMacroblockOf = (nal: Uint8Array): number => sliceHead(nal).firstMacroblock;

/** Whether decoding may begin at the unit of this picture: an IDR, or an I or SI slice (table 7-6) that is said to be clean. */
function startsDecoding(nals: readonly Uint8Array[], picture: Uint8Array): boolean {
  if (typeOf(picture) === NAL_IDR) return true;
  if (![2, 4].includes(sliceHead(picture).sliceType)) return false;
  return nals.some(
    (nal) => typeOf(nal) === NAL_SPS || (typeOf(nal) === NAL_SEI && hasExactRecoveryPoint(nal)),
  );
}
