import type { Millis } from '../../client-sdk/protocol/units.ts';
import { VideoTrack } from '../demux/video-track.ts';
import { assert, MediaError } from '../errors.ts';
import type { DemuxEvent } from '../types.ts';
import { BitrateLimit } from './bitrate-limit.ts';
import type { Depacketizer } from './depacketizer.ts';
import { KeyframeRequests } from './keyframe-requests.ts';
import { LossEstimate } from './loss-estimate.ts';
import { microsOfTicks } from './media-clock.ts';
import { MonotoneClock } from './monotone-clock.ts';
import { openDepacketizer } from './open-depacketizer.ts';
import type { HeldPacket } from './reorder-buffer.ts';
import { ReorderingDelay } from './reordering-delay.ts';
import { unwrapRetransmission } from './retransmission.ts';
import { RoundTrip } from './round-trip.ts';
import { RtpCounts } from './rtp-counts.ts';
import type { RtpPacketView, SenderReportView } from './rtp-packet.ts';
import type {
  OpenRtpReceiver,
  RtpCodec,
  RtpReceiver,
  RtpReceiverOptions,
  RtpStatistics,
} from './rtp-receiver.ts';
import { RtpSource } from './rtp-source.ts';
import { SourceSwitch } from './source-switch.ts';
import type { Assembled, AssembledUnit } from './unit-assembler.ts';

/** Opens the receive stage. */
export const openRtpReceiver: OpenRtpReceiver = (options) => new ReceiveStage(options);

class ReceiveStage implements RtpReceiver {
  readonly #options: RtpReceiverOptions;
  readonly #clock = new MonotoneClock();
  readonly #roundTrip = new RoundTrip();
  readonly #reordering = new ReorderingDelay();
  readonly #counts = new RtpCounts();
  readonly #losses = new LossEstimate();
  readonly #depacketizers = new Map<number, Depacketizer>();
  readonly #sources = new SourceSwitch((first) => this.#open(first));
  readonly #track = new VideoTrack({ emit: (event) => this.#emit(event) });
  readonly #limit: BitrateLimit;
  readonly #requests: KeyframeRequests;
  #codec: RtpCodec | undefined;
  /** A keyframe of the codec in force has come. */
  #hasKeyframe = false;
  /** Time of the call under way. */
  #nowMs = 0;
  #isClosed = false;

  constructor(options: RtpReceiverOptions) {
    this.#options = options;
    this.#limit = new BitrateLimit({ ceiling: options.maxBitrate });
    this.#requests = new KeyframeRequests({
      keyframeIntervalMs: options.keyframeIntervalMs,
      send: (kind) => this.#askForKeyframe(kind),
    });
  }

  get statistics(): RtpStatistics {
    return {
      ...this.#counts,
      requestsIgnored: this.#requests.ignored,
      keyframeState: this.#requests.state,
      bitrate: this.#limit.bitrate,
      roundTripMs: this.#roundTrip.valueMs,
      jitterMs: this.#sources.current?.jitterMs ?? 0,
      ssrc: this.#sources.current?.ssrc,
      codec: this.#codec,
    };
  }

  get nextDeadline(): Millis | undefined {
    const source = this.#sources.current;
    if (this.#isClosed || !source) return undefined;
    const nextMs = Math.min(source.nextDeadlineMs, this.#requests.nextDeadlineMs, this.#limit.nextDeadlineMs);
    return Number.isFinite(nextMs) ? this.#clock.shown(nextMs) : undefined;
  }

  push(packet: RtpPacketView, at: Millis): void {
    this.#at(at, () => {
      const carried = this.#options.retransmissions.get(packet.payloadType);
      if (carried !== undefined) this.#pushRetransmission(packet, carried);
      else if (this.#options.formats.has(packet.payloadType)) this.#pushMedia(packet);
      else this.#counts.ignored += 1;
    });
  }

  advance(at: Millis): void {
    this.#at(at, () => this.#sources.current?.advance(this.#nowMs));
  }

  needKeyframe(at: Millis): void {
    this.#at(at, () => this.#requests.want());
  }

  end(at: Millis): void {
    this.#at(at, () => {
      this.#sources.current?.end();
      const dropped = this.#losses.end();
      if (dropped > 0) this.#track.lose(dropped);
      this.#isClosed = true;
    });
  }

  senderReport(report: SenderReportView, at: Millis): void {
    const source = this.#sources.current;
    if (source?.ssrc === report.ssrc) source.senderClock.take(report, { clock: source.clock, near: at });
  }

  setRoundTrip(roundTripMs: number): void {
    this.#roundTrip.measure(roundTripMs);
  }

  /** Does a step at a moment, and sends what is due after it. */
  #at(at: Millis, step: () => void): void {
    if (this.#isClosed) return;
    this.#nowMs = this.#clock.take(at);
    step();
    const source = this.#sources.current;
    if (this.#isClosed || !source) return;
    const sequenceNumbers = source.takeDue(this.#nowMs);
    this.#counts.nacks += sequenceNumbers.length;
    if (sequenceNumbers.length > 0)
      this.#options.onFeedback({ type: 'nack', ssrc: source.ssrc, sequenceNumbers });
    this.#requests.advance(this.#nowMs);
    if (this.#limit.advance(this.#nowMs))
      this.#options.onFeedback({ type: 'remb', bitrate: this.#limit.bitrate, ssrcs: [source.ssrc] });
  }

  #pushMedia(packet: RtpPacketView): void {
    const held = { packet, atMs: this.#nowMs };
    const source = this.#sources.sourceOf(held);
    if (!source) {
      this.#counts.ignored += 1;
      return;
    }
    this.#limit.receive(packet.payload.length, this.#nowMs);
    this.#noteKeyframe(packet);
    const fate = source.push(held);
    if (fate !== 'strange') {
      this.#counts.take(fate, packet);
      return;
    }
    if (this.#sources.isOfBefore(held)) {
      this.#counts.late += 1;
      return;
    }
    const anew = source.followsStranger(held);
    const [first] = anew;
    if (!first) return;
    const next = this.#sources.begin(first);
    for (const each of anew) this.#counts.take(next.push(each), each.packet);
  }

  #pushRetransmission(packet: RtpPacketView, payloadType: number): void {
    const source = this.#sources.retransmittedBy(packet.ssrc);
    const original = source && unwrapRetransmission(packet, { ssrc: source.ssrc, payloadType });
    if (!original || !this.#options.formats.has(payloadType)) {
      this.#counts.ignored += 1;
      return;
    }
    this.#noteKeyframe(original);
    const fate = source.recover({ packet: original, atMs: this.#nowMs });
    if (fate !== 'strange' && fate !== 'new') this.#counts[fate] += 1;
  }

  /** A keyframe that is on its way need not be asked for. */
  #noteKeyframe({ payload, payloadType }: RtpPacketView): void {
    this.#requests.hear(this.#nowMs);
    if (payload.length > 0 && this.#depacketizerOf(payloadType).announcesKeyframe(payload))
      this.#requests.announce(this.#nowMs);
  }

  /** Begins a source, with a keyframe; whether one before it lost its last units cannot be known. */
  #open(first: HeldPacket): RtpSource {
    const before = this.#sources.current;
    if (before) {
      before.end();
      this.#losses.lose();
      this.#losses.restart();
      this.#track.restart();
      this.#depacketizers.clear();
    }
    this.#requests.want();
    const source: RtpSource = new RtpSource(first, {
      maxUnitBytes: this.#options.maxUnitBytes,
      depacketizerOf: (payloadType) => this.#depacketizerOf(payloadType),
      roundTrip: this.#roundTrip,
      reordering: this.#reordering,
      give: (assembled) => this.#take(assembled, source),
      onMissing: (packets) => this.#limit.miss(packets),
      onLost: (packets) => {
        this.#counts.lost += packets;
        this.#losses.miss(packets);
      },
    });
    return source;
  }

  #depacketizerOf(payloadType: number): Depacketizer {
    const known = this.#depacketizers.get(payloadType);
    if (known) return known;
    const format = this.#options.formats.get(payloadType);
    assert(format, 'a packet has a negotiated payload type');
    const depacketizer = openDepacketizer(format);
    this.#depacketizers.set(payloadType, depacketizer);
    return depacketizer;
  }

  #take(assembled: Assembled, source: RtpSource): void {
    if (this.#isClosed) return;
    if (assembled.type === 'unit') this.#give(assembled, source);
    else if (assembled.type === 'lost') this.#lose();
    else {
      this.#isClosed = true;
      this.#options.onRefuse(new MediaError('unsupported-codec', assembled.detail));
    }
  }

  #give(unit: AssembledUnit, { clock, senderClock }: RtpSource): void {
    this.#useCodecOf(unit.payloadType);
    // Without a keyframe nothing can be decoded, nor the size be told.
    if (!unit.isKeyframe && !this.#hasKeyframe) {
      this.#lose();
      return;
    }
    const ticks = clock.extend(unit.timestamp);
    const dropped = this.#losses.take(ticks);
    if (dropped > 0) this.#track.lose(dropped);
    this.#track.unit({
      data: unit.data,
      received: this.#clock.shown(unit.atMs),
      captured: senderClock.captured(ticks),
      ptsMicros: microsOfTicks(ticks),
      isMarkedKeyframe: unit.isKeyframe,
    });
  }

  #lose(): void {
    this.#losses.lose();
    this.#requests.want();
  }

  #useCodecOf(payloadType: number): void {
    const codec = this.#options.formats.get(payloadType)?.codec;
    if (!codec || codec === this.#codec) return;
    this.#codec = codec;
    this.#hasKeyframe = false;
    this.#track.track({ codec, isTimed: true });
  }

  #emit(event: DemuxEvent): void {
    if (event.type === 'loss') {
      this.#counts.unitLosses += event.dropped;
      this.#requests.want();
    }
    if (event.type === 'unit') {
      this.#counts.units += 1;
      if (event.unit.isKeyframe) this.#noteKeyframeGiven();
    }
    this.#options.onEvent(event);
  }

  #noteKeyframeGiven(): void {
    this.#counts.keyframes += 1;
    this.#hasKeyframe = true;
    this.#requests.satisfy(this.#nowMs);
  }

  #askForKeyframe(kind: 'pli' | 'fir'): void {
    const ssrc = this.#sources.current?.ssrc;
    if (ssrc === undefined) return;
    if (kind === 'pli') {
      this.#counts.plis += 1;
      this.#options.onFeedback({ type: 'pli', ssrc });
    } else {
      this.#options.onFeedback({ type: 'fir', ssrc, commandNumber: this.#counts.firs % 256 });
      this.#counts.firs += 1;
    }
  }
}
