import type { RtpPacketView } from '../../pipeline/rtp/rtp-packet.ts';

const HEADER_BYTES = 12;

/** Reads a decrypted RTP packet (RFC 3550 5.1); `undefined` where it is malformed. Its payload is a view into the packet. */
export function decodeRtp(packet: Buffer): RtpPacketView | undefined {
  if (packet.length < HEADER_BYTES) return undefined;
  const [first = 0, second = 0] = packet;
  if (first >> 6 !== 2) return undefined;
  const begin = payloadBegin(packet, first);
  const padding = (first & 0x20) === 0 ? 0 : packet.readUInt8(packet.length - 1);
  const end = packet.length - padding;
  if (begin === undefined || end < begin) return undefined;
  return {
    payloadType: second & 0x7f,
    marker: (second & 0x80) !== 0,
    sequenceNumber: packet.readUInt16BE(2),
    timestamp: packet.readUInt32BE(4),
    ssrc: packet.readUInt32BE(8),
    payload: packet.subarray(begin, end),
  };
}

function payloadBegin(packet: Buffer, first: number): number | undefined {
  const afterSources = HEADER_BYTES + 4 * (first & 0x0f);
  if ((first & 0x10) === 0) return afterSources;
  return afterSources + 4 <= packet.length
    ? afterSources + 4 + 4 * packet.readUInt16BE(afterSources + 2)
    : undefined;
}
