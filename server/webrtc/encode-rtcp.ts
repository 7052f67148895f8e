import { assertNever } from '../../pipeline/errors.ts';
import { BLOCK, FORMAT, HEADER_BYTES, REMB_NAME, TYPE, wordsOf } from './rtcp-form.ts';
import type { ReceptionReport, RtcpPacket } from './rtcp-packet.ts';

const CNAME_ITEM = 1;

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
