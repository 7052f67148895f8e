import { BitReader } from './bit-reader.ts';

/** Types of open bitstream units, AV1 bitstream specification 6.2.2. */
export const OBU_SEQUENCE_HEADER = 1;
export const OBU_TEMPORAL_DELIMITER = 2;
export const OBU_FRAME_HEADER = 3;
export const OBU_FRAME = 6;

const HAS_EXTENSION = 0x04;
const HAS_SIZE = 0x02;
/** A leb128 number has at most 8 bytes (4.10.5). */
const GREATEST_LEB128 = 8;
/** Far above what a picture is made of; more are not looked at. */
const MAX_OBUS = 1 << 12;

/** A number of 7 bits a byte, least significant first (4.10.5); `undefined` where it is cut off or above 2^32 - 1. */
export function readLeb128(bytes: Uint8Array, at: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let index = 0; index < GREATEST_LEB128; index += 1) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if ((byte & 0x80) === 0) return value < 2 ** 32 ? { value, end: at + index + 1 } : undefined;
  }
  return undefined;
}

/** The shortest form of a number below 2^32. */
export function leb128(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest & 0x7f) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}

/** An open bitstream unit; views into what it was read from. */
export interface Av1Obu {
  readonly type: number;
  readonly spatialId: number;
  /** Header byte without the flag of a size, and the extension byte if there is one. */
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

/** Reads the unit at the beginning of `bytes`; without a size of its own it takes all of them. */
export function readObu(bytes: Uint8Array): { obu: Av1Obu; end: number } | undefined {
  const first = bytes[0];
  if (first === undefined || (first & 0x80) !== 0) return undefined;
  const headerBytes = first & HAS_EXTENSION ? 2 : 1;
  const size = first & HAS_SIZE ? readLeb128(bytes, headerBytes) : undefined;
  if (first & HAS_SIZE && !size) return undefined;
  const begin = size?.end ?? headerBytes;
  const end = size ? begin + size.value : bytes.length;
  if (begin > bytes.length || end > bytes.length) return undefined;
  // Not by slice, which of a Buffer is a view.
  const header = Uint8Array.from(bytes.subarray(0, headerBytes));
  header[0] = first & ~HAS_SIZE;
  const spatialId = headerBytes === 2 ? ((bytes[1] ?? 0) >> 3) & 3 : 0;
  return { obu: { type: (first >> 3) & 15, spatialId, header, payload: bytes.subarray(begin, end) }, end };
}

/** The units of a temporal unit in low-overhead form (5.2); stops where one does not fit. */
export function obusOf(unit: Uint8Array): Av1Obu[] {
  const obus: Av1Obu[] = [];
  for (let at = 0; at < unit.length && obus.length < MAX_OBUS; ) {
    const read = readObu(unit.subarray(at));
    if (!read) break;
    obus.push(read.obu);
    at += read.end;
  }
  return obus;
}

/** A unit in low-overhead form, with its size. */
export function sizedObu({ header, payload }: Pick<Av1Obu, 'header' | 'payload'>): Uint8Array {
  const bytes = Buffer.concat([header, leb128(payload.length), payload]);
  bytes[0] = (bytes[0] ?? 0) | HAS_SIZE;
  return bytes;
}

/** Whether a frame (header) unit begins a key frame (5.9.2), in streams without reduced still pictures. */
export const beginsKeyFrame = ({ type, payload }: Av1Obu): boolean =>
  (type === OBU_FRAME || type === OBU_FRAME_HEADER) && payload.length > 0 && ((payload[0] ?? 0) & 0xe0) === 0;

/** Greatest picture size of a sequence header (5.5.1), px; `undefined` where it is not a valid one. */
export function parseAv1SequenceHeader(
  payload: Uint8Array,
): { readonly widthPx: number; readonly heightPx: number } | undefined {
  const bits = new BitReader(payload);
  const profile = bits.bits(3);
  bits.skip(1);
  if (bits.flag()) bits.skip(5);
  else skipOperatingPoints(bits);
  const widthBits = bits.bits(4) + 1;
  const heightBits = bits.bits(4) + 1;
  const widthPx = bits.bits(widthBits) + 1;
  const heightPx = bits.bits(heightBits) + 1;
  return bits.isExhausted || profile > 2 ? undefined : { widthPx, heightPx };
}

function skipOperatingPoints(bits: BitReader): void {
  const hasTiming = bits.flag();
  if (hasTiming) {
    bits.skip(64);
    if (bits.flag()) bits.ue();
  }
  const hasDecoderModel = hasTiming && bits.flag();
  const delayBits = hasDecoderModel ? bits.bits(5) + 1 : 0;
  if (hasDecoderModel) bits.skip(42);
  const hasDisplayDelay = bits.flag();
  for (let points = bits.bits(5) + 1; points > 0; points -= 1) {
    bits.skip(12);
    if (bits.bits(5) > 7) bits.skip(1);
    if (hasDecoderModel && bits.flag()) bits.skip(2 * delayBits + 1);
    if (hasDisplayDelay && bits.flag()) bits.skip(4);
  }
}
