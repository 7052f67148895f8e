import type { Micros } from '../../../client-sdk/protocol/units.ts';

const PACKET_BYTES = 188;
const HEADER_BYTES = 4;
const PMT_PID = 0x1000;
const VIDEO_PID = 0x100;
const PROGRAM = 1;
/** ISO/IEC 13818-1, table 2-34. */
const STREAM_TYPE_H264 = 0x1b;
/** ISO/IEC 13818-1, table 2-22: the first video stream. */
const STREAM_ID_VIDEO = 0xe0;
const PES_HEADER_BYTES = 14;
/** Adaptation field with a PCR: length, flags and six bytes of clock. */
const PCR_FIELD_BYTES = 8;
/** Clock value of the first picture, so that the PCR before it is not negative. */
const FIRST_PTS_TICKS = 90_000;
/** How far the PCR runs before the picture's time: the least buffering that a receiver must do. */
const PCR_LEAD_TICKS = 9_000;
const PTS_MODULUS = 2 ** 33;
/** Access unit delimiter that allows any slice type (ITU-T H.264 7.3.2.4). */
const DELIMITER = Uint8Array.of(0, 0, 0, 1, 9, 0xf0);
const NAL_DELIMITER = 9;

/** A coded H.264 picture in Annex B form, in the order of decoding, which must be that of presentation. */
export interface CodedPicture {
  readonly data: Uint8Array;
  /** On the source's own clock; the muxer starts at the first picture's. */
  readonly pts: Micros;
  readonly isKeyframe: boolean;
}

/** Wraps H.264 pictures without reordering into an MPEG transport stream (ISO/IEC 13818-1), one PES packet each. */
export class MpegTsMuxer {
  readonly #counters = new Map<number, number>();
  #origin: Micros | undefined;

  /** Gives the transport packets of a picture; a keyframe is preceded by the program's tables. */
  mux(picture: CodedPicture): Uint8Array {
    this.#origin ??= picture.pts;
    const ticks = Math.round(((picture.pts - this.#origin) * 9) / 100) + FIRST_PTS_TICKS;
    const tables = picture.isKeyframe
      ? [this.#section(0, patSection()), this.#section(PMT_PID, pmtSection())]
      : [];
    const packets = this.#pes(pesOf(picture.data, ticks), ticks - PCR_LEAD_TICKS, picture.isKeyframe);
    return joined([...tables, ...packets]);
  }

  #section(pid: number, section: Uint8Array): Uint8Array {
    const packet = new Uint8Array(PACKET_BYTES).fill(0xff);
    this.#writeHeader(packet, pid, { isStart: true, hasAdaptation: false });
    packet[HEADER_BYTES] = 0;
    packet.set(section, HEADER_BYTES + 1);
    return packet;
  }

  #pes(pes: Uint8Array, pcrTicks: number, isRandomAccess: boolean): Uint8Array[] {
    const packets: Uint8Array[] = [];
    let offset = 0;
    while (offset < pes.length) {
      const isStart = offset === 0;
      const adaptationBytes = isStart ? PCR_FIELD_BYTES : 0;
      const room = PACKET_BYTES - HEADER_BYTES - adaptationBytes;
      const size = Math.min(room, pes.length - offset);
      const fieldBytes = adaptationBytes + room - size;
      const packet = new Uint8Array(PACKET_BYTES);
      this.#writeHeader(packet, VIDEO_PID, { isStart, hasAdaptation: fieldBytes > 0 });
      writeAdaptation(packet.subarray(HEADER_BYTES, HEADER_BYTES + fieldBytes), {
        pcrTicks: isStart ? pcrTicks : undefined,
        isRandomAccess: isStart && isRandomAccess,
      });
      packet.set(pes.subarray(offset, offset + size), HEADER_BYTES + fieldBytes);
      packets.push(packet);
      offset += size;
    }
    return packets;
  }

  #writeHeader(packet: Uint8Array, pid: number, flags: { isStart: boolean; hasAdaptation: boolean }): void {
    const counter = this.#counters.get(pid) ?? 0;
    this.#counters.set(pid, (counter + 1) & 15);
    packet[0] = 0x47;
    packet[1] = (flags.isStart ? 0x40 : 0) | (pid >> 8);
    packet[2] = pid & 0xff;
    packet[3] = (flags.hasAdaptation ? 0x30 : 0x10) | counter;
  }
}

/** The PES packet of a picture. Its length is given where 16 bits hold it, so that a receiver need not wait for the next one. */
function pesOf(data: Uint8Array, ticks: number): Uint8Array {
  const delimiter = startsWithDelimiter(data) ? new Uint8Array(0) : DELIMITER;
  const pes = new Uint8Array(PES_HEADER_BYTES + delimiter.length + data.length);
  const following = pes.length - 6;
  const length = following > 0xffff ? 0 : following;
  pes.set([0, 0, 1, STREAM_ID_VIDEO, length >> 8, length & 0xff, 0x84, 0x80, 5]);
  writePts(pes.subarray(9, PES_HEADER_BYTES), ticks);
  pes.set(delimiter, PES_HEADER_BYTES);
  pes.set(data, PES_HEADER_BYTES + delimiter.length);
  return pes;
}

function startsWithDelimiter(data: Uint8Array): boolean {
  const first = data[2] === 1 ? data[3] : data[4];
  return first !== undefined && (first & 0x1f) === NAL_DELIMITER;
}

/** ISO/IEC 13818-1, 2.4.3.6: 33 bits with markers. */
function writePts(target: Uint8Array, ticks: number): void {
  const pts = ticks % PTS_MODULUS;
  const high = Math.floor(pts / 2 ** 30);
  const middle = Math.floor(pts / 2 ** 15) & 0x7fff;
  const low = pts & 0x7fff;
  target.set([
    0x21 | (high << 1),
    middle >> 7,
    ((middle << 1) & 0xff) | 1,
    low >> 7,
    ((low << 1) & 0xff) | 1,
  ]);
}

/** ISO/IEC 13818-1, 2.4.3.4; what the field does not use is stuffing. */
function writeAdaptation(
  field: Uint8Array,
  content: { pcrTicks: number | undefined; isRandomAccess: boolean },
): void {
  if (field.length === 0) return;
  field.fill(0xff);
  field[0] = field.length - 1;
  if (field.length === 1) return;
  field[1] = (content.isRandomAccess ? 0x40 : 0) | (content.pcrTicks === undefined ? 0 : 0x10);
  if (content.pcrTicks === undefined) return;
  const base = content.pcrTicks % PTS_MODULUS;
  const high = Math.floor(base / 2);
  field.set([(high >>> 24) & 0xff, (high >>> 16) & 0xff, (high >>> 8) & 0xff, high & 0xff], 2);
  field[6] = ((base & 1) << 7) | 0x7e;
  field[7] = 0;
}

/** ISO/IEC 13818-1, 2.4.4.3. */
const patSection = (): Uint8Array =>
  withCrc([0x00, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, PROGRAM, 0xe0 | (PMT_PID >> 8), PMT_PID & 0xff]);

/** ISO/IEC 13818-1, 2.4.4.8. */
const pmtSection = (): Uint8Array => {
  const pid = [0xe0 | (VIDEO_PID >> 8), VIDEO_PID & 0xff];
  return withCrc([
    0x02,
    0xb0,
    18,
    0,
    PROGRAM,
    0xc1,
    0,
    0,
    ...pid,
    0xf0,
    0,
    STREAM_TYPE_H264,
    ...pid,
    0xf0,
    0,
  ]);
};

/** ISO/IEC 13818-1, annex A: the CRC whose decoder starts with all bits set. */
function withCrc(bytes: readonly number[]): Uint8Array {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  }
  return Uint8Array.of(...bytes, (crc >>> 24) & 0xff, (crc >>> 16) & 0xff, (crc >>> 8) & 0xff, crc & 0xff);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
