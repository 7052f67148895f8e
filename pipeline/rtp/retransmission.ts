import type { RtpPacketView } from './rtp-packet.ts';

/**
 * The packet that a retransmission carries (RFC 4588 4); `undefined` where it carries none, as padding that probes for
 * bandwidth does. `original` is what the packet was sent with at first.
 */
export function unwrapRetransmission(
  packet: RtpPacketView,
  original: { ssrc: number; payloadType: number },
): RtpPacketView | undefined {
  const { payload, timestamp, marker } = packet;
  if (payload.length < 2) return undefined;
  const sequenceNumber = (payload[0] ?? 0) * 256 + (payload[1] ?? 0);
  return { ...original, sequenceNumber, timestamp, marker, payload: payload.subarray(2) };
}
