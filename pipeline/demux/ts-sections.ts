import type { VideoCodec } from '../types.ts';

const TABLE_PAT = 0;
const TABLE_PMT = 2;
/** ISO/IEC 13818-1 2.4.4.5 and 2.4.4.9. */
const MAX_SECTION_BYTES = 1024;

/** Puts the sections of one PID together (ISO/IEC 13818-1 2.4.4). */
export class SectionAssembler {
  #section = new Uint8Array(MAX_SECTION_BYTES);
  /** Bytes of the section in progress, or -1 while waiting for one to begin. */
  #length = -1;

  /** Takes the payload of a packet; gives the sections that it completes, without damaged ones. */
  push(payload: Uint8Array, isUnitStart: boolean): Uint8Array[] {
    const sections: Uint8Array[] = [];
    let rest = payload;
    if (isUnitStart) {
      const pointer = payload[0] ?? 0;
      if (this.#length >= 0) this.#collect(payload.subarray(1, 1 + pointer), sections);
      rest = payload.subarray(1 + pointer);
      this.#length = 0;
    }
    while (this.#length >= 0 && rest.length > 0) {
      // Stuffing after the last section.
      if (this.#length === 0 && rest[0] === 0xff) {
        this.#length = -1;
        break;
      }
      rest = this.#collect(rest, sections);
    }
    return sections;
  }

  /** Adds bytes to the section in progress; gives those that are left. */
  #collect(bytes: Uint8Array, sections: Uint8Array[]): Uint8Array {
    let at = 0;
    while (at < bytes.length && this.#length < this.#wanted()) {
      this.#section[this.#length] = bytes[at] ?? 0;
      this.#length += 1;
      at += 1;
    }
    const isWhole = this.#length >= 3 && this.#length === this.#wanted();
    if (isWhole) {
      const section = this.#section.slice(0, this.#length);
      if (crc32(section) === 0) sections.push(section);
      this.#length = 0;
    }
    return bytes.subarray(at);
  }

  /** Length of the section in progress, as far as known. */
  #wanted(): number {
    if (this.#length < 3) return 3;
    const length = 3 + ((((this.#section[1] ?? 0) & 0x0f) << 8) | (this.#section[2] ?? 0));
    return Math.min(length, MAX_SECTION_BYTES);
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index << 24;
  for (let bit = 0; bit < 8; bit += 1) value = (value << 1) ^ ((value >>> 31) * 0x04c11db7);
  return value >>> 0;
});

/** The CRC of ISO/IEC 13818-1 Annex A: 0 over a section with its own CRC. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = ((crc << 8) ^ (CRC_TABLE[(crc >>> 24) ^ byte] ?? 0)) >>> 0;
  return crc;
}

/** PIDs of the program maps that a program association section in force names; `undefined` for other sections. */
export function parsePat(section: Uint8Array): number[] | undefined {
  if (section[0] !== TABLE_PAT || section.length < 12 || ((section[5] ?? 0) & 1) === 0) return undefined;
  const pids: number[] = [];
  for (let at = 8; at + 8 <= section.length; at += 4) {
    const program = ((section[at] ?? 0) << 8) | (section[at + 1] ?? 0);
    if (program !== 0) pids.push((((section[at + 2] ?? 0) & 0x1f) << 8) | (section[at + 3] ?? 0));
  }
  return pids;
}

/** An elementary stream of a program. */
export interface ProgramStream {
  readonly pid: number;
  /** stream_type, ISO/IEC 13818-1 Table 2-34. */
  readonly type: number;
  /** format_identifier of a registration descriptor (2.6.8), four characters. */
  readonly registration: string | undefined;
}

/** The streams of a program map section in force; `undefined` for other sections. */
export function parsePmt(section: Uint8Array): ProgramStream[] | undefined {
  if (section[0] !== TABLE_PMT || section.length < 16 || ((section[5] ?? 0) & 1) === 0) return undefined;
  const streams: ProgramStream[] = [];
  const end = section.length - 4;
  let at = 12 + lengthAt(section, 10);
  while (at + 5 <= end) {
    const infoBytes = lengthAt(section, at + 3);
    streams.push({
      type: section[at] ?? 0,
      pid: (((section[at + 1] ?? 0) & 0x1f) << 8) | (section[at + 2] ?? 0),
      registration: registrationOf(section.subarray(at + 5, Math.min(at + 5 + infoBytes, end))),
    });
    at += 5 + infoBytes;
  }
  return streams;
}

const lengthAt = (section: Uint8Array, at: number): number =>
  (((section[at] ?? 0) & 0x0f) << 8) | (section[at + 1] ?? 0);

const TAG_REGISTRATION = 5;

function registrationOf(descriptors: Uint8Array): string | undefined {
  for (let at = 0; at + 2 <= descriptors.length; at += 2 + (descriptors[at + 1] ?? 0)) {
    if (descriptors[at] === TAG_REGISTRATION)
      return String.fromCharCode(...descriptors.subarray(at + 2, at + 6));
  }
  return undefined;
}

/** Video stream types that are taken. */
const VIDEO_TYPES: ReadonlyMap<number, VideoCodec> = new Map([
  [0x01, 'mpeg1'],
  [0x02, 'mpeg2'],
  [0x10, 'mpeg4'],
  [0x1b, 'h264'],
  [0x24, 'hevc'],
]);
/** Video that is not taken, by type and by registration of private streams, for the error's sake. */
const REFUSED_TYPES: ReadonlyMap<number, string> = new Map([
  [0x1e, 'auxiliary video'],
  [0x20, 'MVC'],
  [0x21, 'JPEG 2000'],
  [0x32, 'JPEG XS'],
  [0x33, 'VVC'],
  [0x42, 'AVS'],
  [0xd1, 'Dirac'],
  [0xea, 'VC-1'],
]);
const REFUSED_REGISTRATIONS = new Set([
  'AV01',
  'VP80',
  'VP90',
  'VP8 ',
  'VP9 ',
  'VC-1',
  'drac',
  'VVC ',
  'AVSV',
]);

/** The codec of a stream that is taken. */
export const codecOf = (stream: ProgramStream): VideoCodec | undefined => VIDEO_TYPES.get(stream.type);

/** A name for video that is not taken; `undefined` for everything else. */
export const refusedVideoOf = (stream: ProgramStream): string | undefined =>
  REFUSED_TYPES.get(stream.type) ??
  (stream.registration !== undefined && REFUSED_REGISTRATIONS.has(stream.registration)
    ? stream.registration.trim()
    : undefined);
