import type { OutgoingRtp } from './peer.ts';

/** Packets that can be sent again: more than two seconds of what the largest preview takes. */
const HISTORY_PACKETS = 512;
/** Packets that a peer may have again in a second: one that asks for more is helped by no retransmission. */
const PACKETS_PER_SECOND = 250;
/** Least time before a packet is sent once more, ms: two requests may have crossed one answer. */
const LEAST_INTERVAL_MS = 10;

/** How packets are sent again: as RFC 4588 says in a stream of their own, or where that is not negotiated as they were. */
export interface RetransmissionStream {
  readonly payloadType: number;
  readonly ssrc: number;
}

interface SentPacket {
  readonly packet: OutgoingRtp;
  atMs: number;
}

/** Remembers the newest packets of a source and answers requests for those that were lost, within bounds. */
export class Retransmitter {
  readonly #stream: RetransmissionStream | undefined;
  readonly #history: (SentPacket | undefined)[] = new Array<undefined>(HISTORY_PACKETS).fill(undefined);
  #sequenceNumber = 0;
  #allowance = PACKETS_PER_SECOND;
  #allowedMs = Number.NEGATIVE_INFINITY;

  constructor(stream: RetransmissionStream | undefined) {
    this.#stream = stream;
  }

  /** Takes a packet that has been sent. */
  remember(packet: OutgoingRtp, nowMs: number): void {
    this.#history[packet.sequenceNumber % HISTORY_PACKETS] = { packet, atMs: nowMs };
  }

  /** The packets to be sent in answer to a generic NACK (RFC 4585 6.2.1). */
  answer(
    sequenceNumbers: readonly number[],
    { nowMs, roundTripMs }: { nowMs: number; roundTripMs: number },
  ): OutgoingRtp[] {
    const refilled = ((nowMs - this.#allowedMs) * PACKETS_PER_SECOND) / 1000;
    this.#allowance = Math.min(PACKETS_PER_SECOND, this.#allowance + refilled);
    this.#allowedMs = nowMs;
    const packets: OutgoingRtp[] = [];
    for (const sequenceNumber of sequenceNumbers) {
      const sent = this.#history[sequenceNumber % HISTORY_PACKETS];
      if (sent?.packet.sequenceNumber !== sequenceNumber || this.#allowance < 1) continue;
      if (nowMs - sent.atMs < Math.max(LEAST_INTERVAL_MS, roundTripMs)) continue;
      sent.atMs = nowMs;
      this.#allowance -= 1;
      packets.push(this.#wrap(sent.packet));
    }
    return packets;
  }

  #wrap(packet: OutgoingRtp): OutgoingRtp {
    if (!this.#stream) return packet;
    const payload = new Uint8Array(2 + packet.payload.length);
    payload[0] = packet.sequenceNumber >> 8;
    payload[1] = packet.sequenceNumber & 0xff;
    payload.set(packet.payload, 2);
    const sequenceNumber = this.#sequenceNumber;
    this.#sequenceNumber = (sequenceNumber + 1) & 0xffff;
    return { ...packet, ...this.#stream, sequenceNumber, payload };
  }
}
