import { assertNever } from '../../pipeline/errors.ts';

/** A reception report block (RFC 3550 6.4.1). */
export interface ReceptionReport {
  readonly ssrc: number;
  /** Lost since the last report, of 256. */
  readonly fractionLost: number;
  /** Lost in all; may be negative where packets came twice. */
  readonly packetsLost: number;
  /** Highest sequence number with its wraps, u32. */
  readonly highestSequence: number;
  /** In units of the media clock. */
  readonly jitter: number;
  /** The middle 32 bits of the last sender report's time; 0 where there was none. */
  readonly lastReport: number;
  /** Since that report arrived, in units of 2^-16 s. */
  readonly delaySinceLastReport: number;
}

/** The RTCP packets that are sent or understood. */
export type RtcpPacket =
  | {
      readonly type: 'sender-report';
      readonly ssrc: number;
      /** Seconds since 1900 and units of 2^-32 s. */
      readonly ntpSeconds: number;
      readonly ntpFraction: number;
      readonly rtpTimestamp: number;
      readonly packetCount: number;
      readonly octetCount: number;
      readonly reports: readonly ReceptionReport[];
    }
  | { readonly type: 'receiver-report'; readonly ssrc: number; readonly reports: readonly ReceptionReport[] }
  | { readonly type: 'source-description'; readonly ssrc: number; readonly cname: string }
  | { readonly type: 'bye'; readonly ssrcs: readonly number[] }
  /** Generic NACK, RFC 4585 6.2.1. */
  | {
      readonly type: 'nack';
      readonly sender: number;
      readonly media: number;
      readonly sequenceNumbers: readonly number[];
    }
  /** Picture loss indication, RFC 4585 6.3.1. */
  | { readonly type: 'pli'; readonly sender: number; readonly media: number }
  /** Full intra request, RFC 5104 4.3.1. */
  | { readonly type: 'fir'; readonly sender: number; readonly media: number; readonly commandNumber: number }
  /** Receiver estimated maximum bitrate, draft-alvestrand-rmcat-remb-03, bit/s. */
  | {
      readonly type: 'remb';
      readonly sender: number;
      readonly bitrate: number;
      readonly ssrcs: readonly number[];
    }
  /** Receiver reference time, RFC 3611 4.4: asks a sender for a `delay-report`. */
  | {
      readonly type: 'reference-time';
      readonly sender: number;
      readonly ntpSeconds: number;
      readonly ntpFraction: number;
    }
  /** Delay since the last receiver reference time, RFC 3611 4.5; times as in a reception report. */
  | {
      readonly type: 'delay-report';
      readonly sender: number;
      readonly blocks: readonly {
        readonly ssrc: number;
        readonly lastReference: number;
        readonly delay: number;
      }[];
    };

/** Packet types: RFC 3550 12.1, RFC 4585 6.1, RFC 3611 2. */
const TYPE = { sr: 200, rr: 201, sdes: 202, bye: 203, rtpfb: 205, psfb: 206, xr: 207 } as const;
/** Feedback message types: RFC 4585 6.2 and 6.3, RFC 5104 4.3, REMB among application messages. */
const FORMAT = { nack: 1, pli: 1, fir: 4, application: 15 } as const;
/** Extended report blocks: RFC 3611 4.4 and 4.5. */
const BLOCK = { referenceTime: 4, delay: 5 } as const;
const HEADER_BYTES = 4;
const REPORT_BYTES = 24;
const REMB_NAME = Buffer.from('REMB');
const CNAME_ITEM = 1;

/** The packets of a decrypted compound, in order; ends at the first malformed one, leaves out those of other kinds. */
export function decodeRtcp(compound: Buffer): RtcpPacket[] {
  const packets: RtcpPacket[] = [];
  for (let at = 0; at + HEADER_BYTES <= compound.length; ) {
    const first = compound.readUInt8(at);
    const end = at + HEADER_BYTES + 4 * compound.readUInt16BE(at + 2);
    if (first >> 6 !== 2 || end > compound.length) break;
    const padding = (first & 0x20) === 0 ? 0 : compound.readUInt8(end - 1);
    const body = compound.subarray(at + HEADER_BYTES, Math.max(at + HEADER_BYTES, end - padding));
    packets.push(...decodeBody(compound.readUInt8(at + 1), first & 0x1f, body));
    at = end;
  }
  return packets;
}

function decodeBody(type: number, count: number, body: Buffer): RtcpPacket[] {
  switch (type) {
    case TYPE.sr:
      return body.length >= 24 ? [decodeSenderReport(body, count)] : [];
    case TYPE.rr:
      return body.length >= 4
        ? [{ type: 'receiver-report', ssrc: body.readUInt32BE(0), reports: decodeReports(body, 4, count) }]
        : [];
    case TYPE.bye:
      return [{ type: 'bye', ssrcs: wordsOf(body).slice(0, count) }];
    case TYPE.rtpfb:
      return count === FORMAT.nack && body.length >= 8 ? [decodeNack(body)] : [];
    case TYPE.psfb:
      return body.length >= 8 ? decodePayloadFeedback(count, body) : [];
    case TYPE.xr:
      return body.length >= 4 ? decodeExtendedReport(body) : [];
    default:
      return [];
  }
}

const decodeSenderReport = (body: Buffer, count: number): RtcpPacket => ({
  type: 'sender-report',
  ssrc: body.readUInt32BE(0),
  ntpSeconds: body.readUInt32BE(4),
  ntpFraction: body.readUInt32BE(8),
  rtpTimestamp: body.readUInt32BE(12),
  packetCount: body.readUInt32BE(16),
  octetCount: body.readUInt32BE(20),
  reports: decodeReports(body, 24, count),
});

function decodeReports(body: Buffer, from: number, count: number): ReceptionReport[] {
  const reports: ReceptionReport[] = [];
  for (let at = from; at + REPORT_BYTES <= body.length && reports.length < count; at += REPORT_BYTES) {
    reports.push({
      ssrc: body.readUInt32BE(at),
      fractionLost: body.readUInt8(at + 4),
      packetsLost: body.readIntBE(at + 5, 3),
      highestSequence: body.readUInt32BE(at + 8),
      jitter: body.readUInt32BE(at + 12),
      lastReport: body.readUInt32BE(at + 16),
      delaySinceLastReport: body.readUInt32BE(at + 20),
    });
  }
  return reports;
}

function decodeNack(body: Buffer): RtcpPacket {
  const sequenceNumbers: number[] = [];
  for (let at = 8; at + 4 <= body.length; at += 4) {
    const first = body.readUInt16BE(at);
    const following = body.readUInt16BE(at + 2);
    sequenceNumbers.push(first);
    for (let bit = 0; bit < 16; bit++)
      if ((following >> bit) & 1) sequenceNumbers.push((first + bit + 1) & 0xffff);
  }
  return { type: 'nack', sender: body.readUInt32BE(0), media: body.readUInt32BE(4), sequenceNumbers };
}

function decodePayloadFeedback(format: number, body: Buffer): RtcpPacket[] {
  const sender = body.readUInt32BE(0);
  if (format === FORMAT.pli) return [{ type: 'pli', sender, media: body.readUInt32BE(4) }];
  if (format === FORMAT.fir) {
    const requests: RtcpPacket[] = [];
    for (let at = 8; at + 8 <= body.length; at += 8)
      requests.push({
        type: 'fir',
        sender,
        media: body.readUInt32BE(at),
        commandNumber: body.readUInt8(at + 4),
      });
    return requests;
  }
  const isRemb = format === FORMAT.application && body.length >= 16 && body.subarray(8, 12).equals(REMB_NAME);
  if (!isRemb) return [];
  const exponent = body.readUInt8(13) >> 2;
  const mantissa = body.readUIntBE(13, 3) & 0x3ffff;
  const ssrcs = wordsOf(body.subarray(16)).slice(0, body.readUInt8(12));
  return [{ type: 'remb', sender, bitrate: mantissa * 2 ** exponent, ssrcs }];
}

function decodeExtendedReport(body: Buffer): RtcpPacket[] {
  const packets: RtcpPacket[] = [];
  const sender = body.readUInt32BE(0);
  for (let at = 4; at + 4 <= body.length; ) {
    const end = at + 4 + 4 * body.readUInt16BE(at + 2);
    if (end > body.length) break;
    const words = wordsOf(body.subarray(at + 4, end));
    const [ntpSeconds, ntpFraction] = words;
    if (body.readUInt8(at) === BLOCK.delay)
      packets.push({ type: 'delay-report', sender, blocks: delaysOf(words) });
    else if (
      body.readUInt8(at) === BLOCK.referenceTime &&
      ntpSeconds !== undefined &&
      ntpFraction !== undefined
    )
      packets.push({ type: 'reference-time', sender, ntpSeconds, ntpFraction });
    at = end;
  }
  return packets;
}

function delaysOf(words: readonly number[]): { ssrc: number; lastReference: number; delay: number }[] {
  const blocks: { ssrc: number; lastReference: number; delay: number }[] = [];
  for (let at = 0; at + 3 <= words.length; at += 3) {
    const [ssrc = 0, lastReference = 0, delay = 0] = words.slice(at, at + 3);
    blocks.push({ ssrc, lastReference, delay });
  }
  return blocks;
}

const wordsOf = (bytes: Buffer): number[] =>
  Array.from({ length: bytes.length >> 2 }, (_, index) => bytes.readUInt32BE(4 * index));

/** A compound of the packets, in order, before encryption. */
export const encodeRtcp = (packets: readonly RtcpPacket[]): Buffer =>
  Buffer.concat(packets.map(encodePacket));

function encodePacket(packet: RtcpPacket): Buffer {
  switch (packet.type) {
    case 'sender-report':
      return framed(TYPE.sr, packet.reports.length, [
        ...[packet.ssrc, packet.ntpSeconds, packet.ntpFraction, packet.rtpTimestamp],
        ...[packet.packetCount, packet.octetCount, ...packet.reports.flatMap(wordsOfReport)],
      ]);
    case 'receiver-report':
      return framed(TYPE.rr, packet.reports.length, [packet.ssrc, ...packet.reports.flatMap(wordsOfReport)]);
    case 'source-description':
      return encodeSourceDescription(packet.ssrc, packet.cname);
    case 'bye':
      return framed(TYPE.bye, packet.ssrcs.length, packet.ssrcs);
    case 'nack':
      return framed(TYPE.rtpfb, FORMAT.nack, [
        packet.sender,
        packet.media,
        ...wordsOfNack(packet.sequenceNumbers),
      ]);
    case 'pli':
      return framed(TYPE.psfb, FORMAT.pli, [packet.sender, packet.media]);
    case 'fir':
      return framed(TYPE.psfb, FORMAT.fir, [packet.sender, 0, packet.media, packet.commandNumber * 2 ** 24]);
    case 'remb':
      return encodeRemb(packet.sender, packet.bitrate, packet.ssrcs);
    case 'reference-time':
      return framed(TYPE.xr, 0, [
        ...[packet.sender, BLOCK.referenceTime * 2 ** 24 + 2, packet.ntpSeconds, packet.ntpFraction],
      ]);
    case 'delay-report':
      return framed(TYPE.xr, 0, [
        ...[packet.sender, BLOCK.delay * 2 ** 24 + 3 * packet.blocks.length],
        ...packet.blocks.flatMap(({ ssrc, lastReference, delay }) => [ssrc, lastReference, delay]),
      ]);
    default:
      return assertNever(packet);
  }
}

const wordsOfReport = (report: ReceptionReport): number[] => [
  report.ssrc,
  report.fractionLost * 2 ** 24 + (report.packetsLost & 0xffffff),
  report.highestSequence,
  report.jitter,
  report.lastReport,
  report.delaySinceLastReport,
];

/** Each word names a packet and, by a bit each, which of the sixteen after it are wanted too. */
function wordsOfNack(sequenceNumbers: readonly number[]): number[] {
  const words: number[] = [];
  let first: number | undefined;
  let following = 0;
  const flush = (): void => {
    if (first !== undefined) words.push(first * 0x10000 + following);
  };
  for (const sequenceNumber of sequenceNumbers) {
    const distance = first === undefined ? 0 : (sequenceNumber - first) & 0xffff;
    // Beyond the bits set so far, so that the order stays.
    if (distance >= 1 && distance <= 16 && following < 2 ** (distance - 1)) {
      following |= 1 << (distance - 1);
      continue;
    }
    flush();
    first = sequenceNumber;
    following = 0;
  }
  flush();
  return words;
}

function encodeRemb(sender: number, bitrate: number, ssrcs: readonly number[]): Buffer {
  let exponent = 0;
  while (bitrate / 2 ** exponent > 0x3ffff) exponent += 1;
  const mantissa = Math.floor(bitrate / 2 ** exponent);
  const rate = ssrcs.length * 2 ** 24 + exponent * 2 ** 18 + mantissa;
  return framed(TYPE.psfb, FORMAT.application, [sender, 0, REMB_NAME.readUInt32BE(0), rate, ...ssrcs]);
}

function encodeSourceDescription(ssrc: number, cname: string): Buffer {
  const name = Buffer.from(cname).subarray(0, 255);
  // The chunk ends with one to four zero bytes, at a word's border (RFC 3550 6.5).
  const items = Buffer.alloc(4 * Math.ceil((2 + name.length + 1) / 4));
  items.writeUInt8(CNAME_ITEM, 0);
  items.writeUInt8(name.length, 1);
  name.copy(items, 2);
  return framed(TYPE.sdes, 1, [ssrc, ...wordsOf(items)]);
}

function framed(type: number, count: number, words: readonly number[]): Buffer {
  const packet = Buffer.alloc(HEADER_BYTES + 4 * words.length);
  packet.writeUInt8((2 << 6) | count, 0);
  packet.writeUInt8(type, 1);
  packet.writeUInt16BE(words.length, 2);
  for (const [index, word] of words.entries()) packet.writeUInt32BE(word >>> 0, HEADER_BYTES + 4 * index);
  return packet;
}
