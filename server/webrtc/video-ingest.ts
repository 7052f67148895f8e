import { randomInt } from 'node:crypto';
import { type Millis, nowMillis } from '../../client-sdk/protocol/units.ts';
import type { MediaError } from '../../pipeline/errors.ts';
import { openRtpReceiver } from '../../pipeline/rtp/receive-stage.ts';
import type { RtpPacketView } from '../../pipeline/rtp/rtp-packet.ts';
import type { RtpFeedback, RtpReceiver, RtpStatistics } from '../../pipeline/rtp/rtp-receiver.ts';
import type { DemuxEvent } from '../../pipeline/types.ts';
import { middleOf, millisBetween, toNtp } from './ntp.ts';
import { ReceptionTally } from './reception-tally.ts';
import { rtcpOfFeedback } from './rtcp-of-feedback.ts';
import type { RtcpPacket } from './rtcp-packet.ts';
import type { TakenVideo } from './take-video.ts';

/** Reports go out about once a second, as browsers send theirs; each is half to one and a half of this away (RFC 3550 6.2). */
const REPORT_INTERVAL_MS = 1000;
/** Silence after a BYE by which it is meant: a browser also says it when its camera is changed. */
const BYE_GRACE_MS = 1000;

export interface VideoIngestOptions {
  readonly video: TakenVideo;
  readonly maxUnitBytes: number;
  readonly keyframeIntervalMs: number;
  readonly maxBitrate: number;
  onEvent(event: DemuxEvent): void;
  /** The publisher has said goodbye. */
  onBye(): void;
  onRefuse(error: MediaError): void;
  send(packets: readonly RtcpPacket[]): void;
}

/** One publisher's video: the receive stage with its clock, its reports and its feedback. */
export class VideoIngest {
  readonly #options: VideoIngestOptions;
  readonly #receiver: RtpReceiver;
  readonly #ssrc = randomInt(1, 2 ** 32);
  #tally: ReceptionTally | undefined;
  #isRoundTripKnown = false;
  #deadline: { timer: NodeJS.Timeout; at: Millis } | undefined;
  #reportTimer: NodeJS.Timeout | undefined;
  #byeTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: VideoIngestOptions) {
    const { video, maxUnitBytes, keyframeIntervalMs, maxBitrate } = options;
    this.#options = options;
    this.#receiver = openRtpReceiver({
      formats: video.formats,
      retransmissions: video.retransmissions,
      maxUnitBytes,
      keyframeIntervalMs,
      maxBitrate,
      onEvent: options.onEvent,
      onFeedback: (feedback) => this.#tell(feedback),
      onRefuse: options.onRefuse,
    });
  }

  get statistics(): RtpStatistics {
    return this.#receiver.statistics;
  }

  /** Whether a round trip was measured; `statistics` shows a guess before that. */
  get isRoundTripKnown(): boolean {
    return this.#isRoundTripKnown;
  }

  takeRtp(packet: RtpPacketView, at: Millis): void {
    const { formats, retransmissions, clockRate } = this.#options.video;
    const isMedia = formats.has(packet.payloadType);
    if (this.#isClosed || !(isMedia || retransmissions.has(packet.payloadType))) return;
    if (isMedia) {
      if (this.#tally?.ssrc !== packet.ssrc) this.#tally = new ReceptionTally(packet.ssrc, clockRate);
      this.#tally.take(packet, at);
      clearTimeout(this.#byeTimer);
    }
    this.#receiver.push(packet, at);
    this.#reportTimer ??= this.#reportLater();
    this.#arm();
  }

  takeRtcp(packet: RtcpPacket, at: Millis): void {
    if (this.#isClosed) return;
    if (packet.type === 'sender-report') {
      this.#receiver.senderReport(packet, at);
      if (packet.ssrc === this.#tally?.ssrc) this.#tally.takeReport(packet, at);
    } else if (packet.type === 'delay-report') this.#measure(packet.blocks, at);
    else if (packet.type === 'bye' && packet.ssrcs.some((ssrc) => ssrc === this.#tally?.ssrc)) {
      clearTimeout(this.#byeTimer);
      this.#byeTimer = setTimeout(() => this.#options.onBye(), BYE_GRACE_MS);
    }
  }

  needKeyframe(): void {
    this.#receiver.needKeyframe(nowMillis());
    this.#arm();
  }

  /** Gives what waits; nothing is taken or told after this. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of [this.#deadline?.timer, this.#reportTimer, this.#byeTimer]) clearTimeout(timer);
    this.#receiver.end(nowMillis());
  }

  #tell(feedback: RtpFeedback): void {
    if (!this.#isClosed) this.#options.send([rtcpOfFeedback(feedback, this.#ssrc)]);
  }

  /**
   * Wakes the receive stage when it has something to do; by way of `setImmediate`, for after the event loop was kept busy
   * timers come before sockets, where the packet may lie that is about to be given up.
   */
  #arm(): void {
    const at = this.#isClosed ? undefined : this.#receiver.nextDeadline;
    if (at === this.#deadline?.at) return;
    clearTimeout(this.#deadline?.timer);
    this.#deadline =
      at === undefined
        ? undefined
        : {
            at,
            timer: setTimeout(
              () => setImmediate(() => this.#advance()),
              Math.max(1, Math.ceil(at - nowMillis())),
            ),
          };
  }

  #advance(): void {
    clearTimeout(this.#deadline?.timer);
    this.#deadline = undefined;
    this.#receiver.advance(nowMillis());
    this.#arm();
  }

  /** Tells the sender how it is received, and asks for an echo by which the round trip is measured (RFC 3611 4.4). */
  #report(): void {
    const at = nowMillis();
    const reports = this.#tally ? [this.#tally.report(at)] : [];
    this.#options.send([
      { type: 'receiver-report', ssrc: this.#ssrc, reports },
      { type: 'reference-time', sender: this.#ssrc, ...toNtp(at) },
    ]);
    this.#reportTimer = this.#reportLater();
  }

  /** By chance, so that the reports of many do not fall together (RFC 3550 6.3.1). */
  #reportLater(): NodeJS.Timeout {
    return setTimeout(() => this.#report(), REPORT_INTERVAL_MS * (0.5 + Math.random()));
  }

  #measure(
    blocks: readonly { readonly ssrc: number; readonly lastReference: number; readonly delay: number }[],
    at: Millis,
  ): void {
    const own = blocks.find(({ ssrc }) => ssrc === this.#ssrc);
    if (!own || own.lastReference === 0) return;
    const roundTripMs = millisBetween(own.lastReference + own.delay, middleOf(toNtp(at)));
    // Beyond a minute it is a clock that was set, or a sender that errs.
    if (roundTripMs > 60_000) return;
    this.#isRoundTripKnown = true;
    this.#receiver.setRoundTrip(roundTripMs);
  }
}
