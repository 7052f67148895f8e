/** Writes MPEG transport streams packet by packet, with every liberty that a test wants to take. */
import { crc32 } from '../../pipeline/demux/ts-sections.ts';

export const VIDEO_PID = 0x100;
export const PMT_PID = 0x1000;

/** A payload in packets of one PID; the last one is filled up in its adaptation field. */
export function packetsOf(
  pid: number,
  payload: Uint8Array,
  counter: { next: number },
  flags: { scrambled?: boolean; damaged?: boolean } = {},
): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let at = 0; at < payload.length || at === 0; ) {
    const room = Math.min(184, payload.length - at);
    const packet = new Uint8Array(188).fill(0xff);
    const stuffing = 184 - room;
    packet.set([0x47, (flags.damaged ? 0x80 : 0) | (at === 0 ? 0x40 : 0) | (pid >> 8), pid & 255]);
    packet[3] = (flags.scrambled ? 0x80 : 0) | (stuffing > 0 ? 0x30 : 0x10) | (counter.next & 15);
    if (stuffing > 0) packet[4] = stuffing - 1;
    if (stuffing > 1) packet[5] = 0;
    packet.set(payload.subarray(at, at + room), 4 + stuffing);
    packets.push(packet);
    counter.next += 1;
    at += room;
  }
  return packets;
}

function timestamp(prefix: number, ticks: number): number[] {
  const value = ((ticks % 2 ** 33) + 2 ** 33) % 2 ** 33;
  const [high, middle, low] = [
    Math.floor(value / 2 ** 30),
    Math.floor(value / 2 ** 15) & 0x7fff,
    value & 0x7fff,
  ];
  return [
    (prefix << 4) | (high << 1) | 1,
    middle >> 7,
    ((middle << 1) & 0xff) | 1,
    low >> 7,
    ((low << 1) & 0xff) | 1,
  ];
}

/** A PES packet; `hasLength` states its length, as some muxers do for short pictures. */
export function pesOf(
  payload: Uint8Array,
  times: { pts?: number; dts?: number },
  hasLength = false,
): Uint8Array {
  const { pts, dts } = times;
  const stamps = [
    ...(pts === undefined ? [] : timestamp(dts === undefined ? 2 : 3, pts)),
    ...(dts === undefined ? [] : timestamp(1, dts)),
  ];
  const length = hasLength ? 3 + stamps.length + payload.length : 0;
  const flags = (pts === undefined ? 0 : 0x80) | (dts === undefined ? 0 : 0x40);
  const header = [0, 0, 1, 0xe0, length >> 8, length & 255, 0x80, flags, stamps.length, ...stamps];
  return Uint8Array.from([...header, ...payload]);
}

function section(tableId: number, id: number, version: number, body: readonly number[]): Uint8Array {
  const length = 5 + body.length + 4;
  const head = [tableId, 0xb0 | (length >> 8), length & 255, id >> 8, id & 255, 0xc1 | (version << 1), 0, 0];
  const crc = crc32(Uint8Array.from([...head, ...body]));
  return Uint8Array.from([0, ...head, ...body, crc >>> 24, (crc >> 16) & 255, (crc >> 8) & 255, crc & 255]);
}

/** The tables of one program with one stream. */
export function tablesOf(
  stream: { type: number; pid?: number; version?: number },
  counters: { pat: { next: number }; pmt: { next: number } },
): Uint8Array[] {
  const { type, pid = VIDEO_PID, version = 0 } = stream;
  const pat = section(0, 1, 0, [0, 1, 0xe0 | (PMT_PID >> 8), PMT_PID & 255]);
  const elementary = [type, 0xe0 | (pid >> 8), pid & 255, 0xf0, 0];
  const pmt = section(2, 1, version, [0xe0 | (pid >> 8), pid & 255, 0xf0, 0, ...elementary]);
  return [...packetsOf(0, pat, counters.pat), ...packetsOf(PMT_PID, pmt, counters.pmt)];
}

export const joined = (packets: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(packets));
