/** Opens a receive stage and keeps all that it gives. */
import { type Millis, millis } from '../../client-sdk/protocol/units.ts';
import type { MediaError } from '../../pipeline/errors.ts';
import { openRtpReceiver } from '../../pipeline/rtp/receive-stage.ts';
import type { RtpPacketView } from '../../pipeline/rtp/rtp-packet.ts';
import type {
  RtpCodec,
  RtpFeedback,
  RtpReceiver,
  RtpReceiverOptions,
  RtpStatistics,
} from '../../pipeline/rtp/rtp-receiver.ts';
import type { AccessUnit, DemuxEvent } from '../../pipeline/types.ts';

/** Payload types of the tests, and that of the retransmission of each. */
export const PAYLOAD_TYPES: Readonly<Record<RtpCodec, number>> = { h264: 96, vp8: 97, vp9: 98, av1: 99 };
export const RETRANSMISSION_OFFSET = 10;

export class ReceiverRun {
  readonly events: DemuxEvent[] = [];
  readonly feedback: (RtpFeedback & { readonly atMs: number })[] = [];
  readonly refusals: MediaError[] = [];
  readonly receiver: RtpReceiver;
  #nowMs: number;

  /** The clock begins at `nowMs`. */
  constructor(options: Partial<RtpReceiverOptions> & { nowMs?: number } = {}) {
    this.#nowMs = options.nowMs ?? 1_700_000_000_000;
    const types = Object.entries(PAYLOAD_TYPES) as [RtpCodec, number][];
    this.receiver = openRtpReceiver({
      formats: new Map(types.map(([codec, payloadType]) => [payloadType, { codec }])),
      retransmissions: new Map(types.map(([, type]) => [type + RETRANSMISSION_OFFSET, type])),
      maxUnitBytes: 1 << 24,
      keyframeIntervalMs: 0,
      maxBitrate: 4_000_000,
      onEvent: (event) => this.events.push(event),
      onFeedback: (feedback) => this.feedback.push({ ...feedback, atMs: this.#nowMs }),
      onRefuse: (error) => this.refusals.push(error),
      ...options,
    });
  }

  get now(): Millis {
    return millis(this.#nowMs);
  }

  get statistics(): RtpStatistics {
    return this.receiver.statistics;
  }

  get units(): AccessUnit[] {
    return this.events.flatMap((event) => (event.type === 'unit' ? [event.unit] : []));
  }

  /** Sum of `dropped` over the losses. */
  get dropped(): number {
    return this.events.reduce((sum, event) => sum + (event.type === 'loss' ? event.dropped : 0), 0);
  }

  push(...packets: readonly RtpPacketView[]): void {
    for (const packet of packets) this.receiver.push(packet, this.now);
  }

  /** Lets time pass, with every deadline kept. */
  pass(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const next = this.receiver.nextDeadline;
      if (next === undefined || next > endMs) break;
      this.#nowMs = Math.max(this.#nowMs, next);
      this.receiver.advance(this.now);
    }
    this.#nowMs = endMs;
  }

  end(): void {
    this.receiver.end(this.now);
  }
}
