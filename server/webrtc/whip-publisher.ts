import type { RtpInfo } from '../../client-sdk/protocol/stream-info.ts';
import type { Millis } from '../../client-sdk/protocol/units.ts';
import type { RtpPacketView } from '../../pipeline/rtp/rtp-packet.ts';
import type { Config } from '../config-schema.ts';
import type { Metrics } from '../metrics.ts';
import type { Session } from '../sessions/session.ts';
import { UnitIntake } from '../sessions/unit-intake.ts';
import type { Peer, PeerChannel, PeerEnd, PeerListener } from './peer.ts';
import type { RtcpPacket } from './rtcp-packet.ts';
import type { TakenVideo } from './take-video.ts';
import { VideoIngest } from './video-ingest.ts';

export interface WhipPublisherOptions {
  readonly video: TakenVideo;
  readonly config: Config;
  readonly metrics: Metrics;
  /** Takes a data channel that the publisher opened. */
  onChannel(channel: PeerChannel): void;
}

/** What counts up in an `RtpInfo` and is reported to the metrics. */
const REPORT_INTERVAL_MS = 1000;
const NOTHING_REPORTED = { received: 0, lost: 0, recovered: 0, ignored: 0, pli: 0, fir: 0, unanswered: 0 };

/** A publisher over WebRTC: brings what a peer sends to a session, and ends each with the other. */
export class WhipPublisher implements PeerListener {
  readonly #options: WhipPublisherOptions;
  readonly #ingest: VideoIngest;
  #peer: Peer | undefined;
  #session: Session<UnitIntake> | undefined;
  #reported = NOTHING_REPORTED;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WhipPublisherOptions) {
    const { config, video } = options;
    this.#options = options;
    this.#ingest = new VideoIngest({
      video,
      maxUnitBytes: config.maxUnitBytes,
      keyframeIntervalMs: config.webrtcKeyframeIntervalMs,
      maxBitrate: config.webrtcMaxBitrate,
      onEvent: (event) => this.#session?.intake.push(event),
      onBye: () => this.#session?.finish('finished'),
      onRefuse: (error) => this.#session?.intake.fail(error),
      send: (packets) => this.#peer?.sendRtcp(packets),
    });
  }

  /** What the registry wants of a publisher whose media comes as access units. */
  get request() {
    return {
      openIntake: (onStall: () => void): UnitIntake =>
        new UnitIntake({ stallMs: this.#options.config.stallMs, onStall }),
      describeRtp: (): RtpInfo => this.#describe(),
      needKeyframe: (): void => this.#ingest.needKeyframe(),
    };
  }

  /** Joins the two; the session's end closes the peer, and resolves when both are released. */
  async join(peer: Peer, session: Session<UnitIntake>): Promise<void> {
    this.#peer = peer;
    this.#session = session;
    this.#timer = setInterval(() => this.#report(), REPORT_INTERVAL_MS);
    // The connection may have broken while the session was made.
    if (peer.state === 'closed') this.onClosed('lost');
    await session.done;
    clearInterval(this.#timer);
    this.#ingest.close();
    this.#report();
    await peer.close();
  }

  onRtp(packet: RtpPacketView, at: Millis): void {
    this.#ingest.takeRtp(packet, at);
  }

  onRtcp(packet: RtcpPacket, at: Millis): void {
    this.#ingest.takeRtcp(packet, at);
  }

  onChannel(channel: PeerChannel): void {
    this.#options.onChannel(channel);
  }

  onClosed(end: PeerEnd): void {
    // Gives the last access unit before the session takes no more.
    this.#ingest.close();
    this.#session?.finish(end === 'left' || end === 'closed' ? 'finished' : 'lost');
  }

  #describe(): RtpInfo {
    const { received, lost, recovered, duplicate, late, padding, ignored, ...rest } = this.#ingest.statistics;
    return {
      connection: this.#peer?.state ?? 'connecting',
      roundTripMs: this.#ingest.isRoundTripKnown ? rest.roundTripMs : undefined,
      jitterMs: rest.jitterMs,
      allowedBitrate: rest.bitrate,
      packets: { received, lost, recovered, duplicate, late, padding, ignored },
      unitsLost: rest.unitLosses,
      retransmissionRequests: rest.nacks,
      keyframeRequests: {
        pli: rest.plis,
        fir: rest.firs,
        ignored: rest.requestsIgnored,
        state: rest.keyframeState,
      },
    };
  }

  /** Adds what was counted since the last report to the server's metrics. */
  #report(): void {
    const { metrics } = this.#options;
    const { received, lost, recovered, ignored, plis, firs, requestsIgnored } = this.#ingest.statistics;
    const counts = { received, lost, recovered, ignored, pli: plis, fir: firs, unanswered: requestsIgnored };
    for (const outcome of ['received', 'lost', 'recovered', 'ignored'] as const)
      metrics.rtpPackets.inc({ outcome }, counts[outcome] - this.#reported[outcome]);
    for (const kind of ['pli', 'fir', 'unanswered'] as const)
      metrics.keyframeRequests.inc({ kind }, counts[kind] - this.#reported[kind]);
    this.#reported = counts;
  }
}
