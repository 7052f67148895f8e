import { randomInt } from 'node:crypto';
import { nowMillis } from '../../client-sdk/protocol/units.ts';
import type { MediaPlan } from './answer-sdp.ts';
import { middleOf, millisBetween, toNtp } from './ntp.ts';
import { PacketPacer } from './packet-pacer.ts';
import type { OutgoingRtp, Peer } from './peer.ts';
import { Retransmitter } from './retransmitter.ts';
import type { ReceptionReport, RtcpPacket } from './rtcp-packet.ts';

/** Clock of video over RTP (RFC 6184 8.2.1, RFC 7741 6.1). */
const CLOCK_HZ = 90_000;
/** Eight packets each five milliseconds are 15 Mbit/s: a keyframe of 30 kB takes 15 ms. */
const PACING = { packetsPerBurst: 8, intervalMs: 5 } as const;
/** Between sender reports, ms; a receiver needs one to know the round trip and to place pictures in time. */
const REPORT_MS = 1000;
/** A longer round trip is a clock that was set, ms. */
const LONGEST_ROUND_TRIP_MS = 30_000;

export interface RtpSenderOptions {
  readonly plan: Extract<MediaPlan, { type: 'send' }>;
  readonly peer: Pick<Peer, 'sendRtp' | 'sendRtcp'>;
  /** Milliseconds on any clock that only goes forward. */
  readonly now: () => number;
  /** Calls back later; the result cancels. */
  readonly schedule: (task: () => void, delayMs: number) => () => void;
  /** Told of packets as they leave. */
  readonly onSent?: ((outcome: 'sent' | 'resent', packets: number) => void) | undefined;
}

/** What has been sent to one receiver, and what it says of it. */
export interface RtpSenderStatistics {
  readonly units: number;
  readonly packets: number;
  readonly retransmitted: number;
  /** Part of the packets that the receiver missed lately, 0 to 1. */
  readonly lossFraction: number;
  /** `undefined` until it is known. */
  readonly roundTripMs: number | undefined;
}

/** Sends one video to one peer: numbers, paces and remembers its packets, answers NACKs, reports. */
export class RtpSender {
  readonly #options: RtpSenderOptions;
  readonly #pacer: PacketPacer;
  readonly #retransmitter: Retransmitter;
  // In the lower half, so that the first wrap does not come with the first losses (RFC 3711 3.3.1).
  #sequenceNumber = randomInt(1 << 15);
  readonly #firstTimestamp = randomInt(2 ** 32);
  #last: { readonly timestamp: number; readonly atMs: number } | undefined;
  readonly #counts = { units: 0, packets: 0, octets: 0, retransmitted: 0 };
  #report: { readonly lossFraction: number; readonly roundTripMs: number | undefined } | undefined;
  #cancelReport: (() => void) | undefined;

  constructor(options: RtpSenderOptions) {
    const { codec, retransmissionSsrc } = options.plan;
    this.#options = options;
    this.#pacer = new PacketPacer({ ...PACING, ...options, send: (packet) => this.#send(packet) });
    this.#retransmitter = new Retransmitter(
      codec.retransmission === undefined
        ? undefined
        : { payloadType: codec.retransmission, ssrc: retransmissionSsrc },
    );
  }

  get statistics(): RtpSenderStatistics {
    const { units, packets, retransmitted } = this.#counts;
    const { lossFraction = 0, roundTripMs } = this.#report ?? {};
    return { units, packets, retransmitted, lossFraction, roundTripMs };
  }

  /** Sends one picture's payloads, which nobody may change any more. */
  send(payloads: readonly Uint8Array[], timestampUs: number): void {
    const { plan, now } = this.#options;
    const timestamp = (this.#firstTimestamp + Math.round((timestampUs * CLOCK_HZ) / 1e6)) % 2 ** 32;
    const packets = payloads.map((payload, index): OutgoingRtp => {
      const sequenceNumber = this.#sequenceNumber;
      this.#sequenceNumber = (sequenceNumber + 1) & 0xffff;
      const marker = index === payloads.length - 1;
      return {
        payloadType: plan.codec.payloadType,
        ssrc: plan.ssrc,
        sequenceNumber,
        timestamp,
        marker,
        payload,
      };
    });
    this.#counts.units += 1;
    this.#last = { timestamp, atMs: now() };
    this.#pacer.push(packets);
    if (this.#cancelReport === undefined) this.#reportNow();
  }

  /** Takes what the receiver says by RTCP; leaves alone what is not of this source. */
  takeRtcp(packet: RtcpPacket): void {
    if (packet.type === 'receiver-report' || packet.type === 'sender-report') {
      const report = packet.reports.find(({ ssrc }) => ssrc === this.#options.plan.ssrc);
      if (report) this.#takeReport(report);
    }
    if (packet.type === 'nack' && packet.media === this.#options.plan.ssrc)
      this.#retransmit(packet.sequenceNumbers);
  }

  /** Says goodbye and sends nothing more. Idempotent. */
  close(): void {
    this.#pacer.close();
    this.#cancelReport?.();
    this.#cancelReport = undefined;
    if (this.#last === undefined) return;
    this.#last = undefined;
    this.#options.peer.sendRtcp([...this.#senderReport(), { type: 'bye', ssrcs: [this.#options.plan.ssrc] }]);
  }

  #send(packet: OutgoingRtp): void {
    this.#retransmitter.remember(packet, this.#options.now());
    this.#counts.packets += 1;
    this.#counts.octets += packet.payload.length;
    this.#options.peer.sendRtp(packet);
    this.#options.onSent?.('sent', 1);
  }

  #retransmit(sequenceNumbers: readonly number[]): void {
    const roundTripMs = this.#report?.roundTripMs ?? 0;
    const again = this.#retransmitter.answer(sequenceNumbers, { nowMs: this.#options.now(), roundTripMs });
    this.#counts.retransmitted += again.length;
    for (const packet of again) this.#options.peer.sendRtp(packet);
    this.#options.onSent?.('resent', again.length);
  }

  #takeReport({ fractionLost, lastReport, delaySinceLastReport }: ReceptionReport): void {
    const roundTripMs = millisBetween(lastReport + delaySinceLastReport, middleOf(toNtp(nowMillis())));
    const isKnown = lastReport !== 0 && roundTripMs < LONGEST_ROUND_TRIP_MS;
    this.#report = {
      lossFraction: fractionLost / 256,
      roundTripMs: isKnown ? roundTripMs : this.#report?.roundTripMs,
    };
  }

  #reportNow(): void {
    this.#options.peer.sendRtcp(this.#senderReport());
    this.#cancelReport = this.#options.schedule(() => this.#reportNow(), REPORT_MS);
  }

  /** A compound report: the media time of the present (RFC 3550 6.4.1), and whose it is (6.5.1). */
  #senderReport(): RtcpPacket[] {
    const { plan, now } = this.#options;
    const sinceTicks = this.#last ? Math.round(((now() - this.#last.atMs) * CLOCK_HZ) / 1000) : 0;
    return [
      {
        type: 'sender-report',
        ssrc: plan.ssrc,
        ...toNtp(nowMillis()),
        rtpTimestamp: ((this.#last?.timestamp ?? this.#firstTimestamp) + sinceTicks) % 2 ** 32,
        packetCount: this.#counts.packets % 2 ** 32,
        octetCount: this.#counts.octets % 2 ** 32,
        reports: [],
      },
      { type: 'source-description', ssrc: plan.ssrc, cname: plan.cname },
    ];
  }
}
