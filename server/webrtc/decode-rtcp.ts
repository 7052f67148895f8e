import { BLOCK, FORMAT, HEADER_BYTES, REMB_NAME, TYPE, wordsOf } from './rtcp-form.ts';
import type { ReceptionReport, RtcpPacket } from './rtcp-packet.ts';

const REPORT_BYTES = 24;

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
