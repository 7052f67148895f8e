/** A sender of RTP, as far as a receiver's tests need one: numbers, timestamps and retransmission. */
import type { RtpPacketView } from '../../pipeline/rtp/rtp-packet.ts';

export interface RtpSenderOptions {
  readonly ssrc: number;
  readonly payloadType: number;
  readonly sequenceNumber: number;
  readonly timestamp: number;
}

/** Numbers the packets of one source. */
export class RtpSender {
  readonly ssrc: number;
  readonly #payloadType: number;
  readonly #sent = new Map<number, RtpPacketView>();
  #sequenceNumber: number;
  #timestamp: number;
  #retransmissions = 0;

  constructor(options: RtpSenderOptions) {
    this.ssrc = options.ssrc;
    this.#payloadType = options.payloadType;
    this.#sequenceNumber = options.sequenceNumber;
    this.#timestamp = options.timestamp;
  }

  /** Timestamp of the last unit. */
  get timestamp(): number {
    return this.#timestamp;
  }

  /** Packets of one unit, `ticks` after the one before. */
  packetsOf(payloads: readonly Uint8Array[], ticks: number): RtpPacketView[] {
    this.#timestamp = (this.#timestamp + ticks) % 2 ** 32;
    return payloads.map((payload, index) => this.#packet(payload, index === payloads.length - 1));
  }

  /** A packet of padding alone, which belongs to no unit. */
  padding(): RtpPacketView {
    return this.#packet(new Uint8Array(0), false);
  }

  /** The packet of a number again, by RFC 4588 with a payload type and SSRC of its own; only recent ones are kept. */
  retransmit(sequenceNumber: number, as: { ssrc: number; payloadType: number }): RtpPacketView | undefined {
    const packet = this.#sent.get(sequenceNumber);
    if (!packet) return undefined;
    this.#retransmissions += 1;
    return {
      ...packet,
      ...as,
      sequenceNumber: this.#retransmissions % 65_536,
      payload: Buffer.concat([Uint8Array.of(sequenceNumber >> 8, sequenceNumber & 255), packet.payload]),
    };
  }

  /** The packet of a number again as it was. */
  repeat(sequenceNumber: number): RtpPacketView | undefined {
    return this.#sent.get(sequenceNumber);
  }

  #packet(payload: Uint8Array, marker: boolean): RtpPacketView {
    const packet = {
      payloadType: this.#payloadType,
      sequenceNumber: this.#sequenceNumber,
      timestamp: this.#timestamp,
      ssrc: this.ssrc,
      marker,
      payload,
    };
    this.#sent.set(this.#sequenceNumber, packet);
    this.#sent.delete((this.#sequenceNumber - 2000 + 65_536) % 65_536);
    this.#sequenceNumber = (this.#sequenceNumber + 1) % 65_536;
    return packet;
  }
}
