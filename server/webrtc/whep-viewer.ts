import type { ErrorCode } from '../../client-sdk/protocol/error-codes.ts';
import type { VideoCodec } from '../../pipeline/codec/video-encoder.ts';
import type { PreviewUnit } from '../../pipeline/preview/preview.ts';
import { packetizeH264 } from '../../pipeline/rtp/h264-packetizer.ts';
import { packetizeVp8 } from '../../pipeline/rtp/vp8-packetizer.ts';
import { toTokenizerError } from '../http/to-tokenizer-error.ts';
import type { Viewer } from '../sessions/audience.ts';
import type { PreviewHub, VideoSeat } from '../sessions/preview-hub.ts';
import type { GivenVideo } from './give-video.ts';
import { KeyframeAllowance } from './keyframe-allowance.ts';
import type { Peer, PeerChannel, PeerListener } from './peer.ts';
import type { RtcpPacket } from './rtcp-packet.ts';
import { RtpSender, type RtpSenderStatistics } from './rtp-sender.ts';

/** With 12 bytes of header, 2 of a retransmission and 16 of encryption within the least MTU of IPv6. */
const MAX_PAYLOAD_BYTES = 1188;

export interface WhepViewerOptions {
  /** Absent where the viewer asked for data channels only. */
  readonly video: GivenVideo | undefined;
  /** The reconstruction to watch, looked up when the connection stands. Throws where there is no room any more. */
  readonly openPreview: () => PreviewHub;
  /** Takes a data channel that the viewer opened. */
  onChannel(channel: PeerChannel): void;
  /** Why the server ends the connection. */
  onEnd(code: ErrorCode, detail: string): void;
  /** A keyframe request of the viewer was passed on, or held back. */
  onKeyframeRequest(outcome: 'passed' | 'held'): void;
  onSent(outcome: 'sent' | 'resent', packets: number): void;
}

/** The payloads of units, cut once for all viewers. */
const payloadsOf = new WeakMap<PreviewUnit, readonly Uint8Array[]>();

/** A viewer over WebRTC: sends the reconstruction from a keyframe on, and hears what the viewer says of it. */
export class WhepViewer implements PeerListener, Viewer<PreviewUnit> {
  readonly openedMs = Date.now();
  /** Resolves when the connection has ended. */
  readonly ended: Promise<void>;
  readonly #options: WhepViewerOptions;
  readonly #allowance = new KeyframeAllowance();
  #peer: Peer | undefined;
  #sender: RtpSender | undefined;
  #seat: VideoSeat | undefined;
  /** Units are of no use to the viewer before the first keyframe. */
  #hasBegun = false;
  #settle: () => void = () => undefined;

  constructor(options: WhepViewerOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** What has been sent; `undefined` before the connection stands and without video. */
  get statistics(): RtpSenderStatistics | undefined {
    return this.#sender?.statistics;
  }

  /** Takes the accepted peer. */
  join(peer: Peer): void {
    this.#peer = peer;
  }

  onConnected(): void {
    const { video, openPreview, onSent } = this.#options;
    const peer = this.#peer;
    if (!video || !peer) return;
    try {
      const preview = openPreview();
      const now = (): number => performance.now();
      this.#sender = new RtpSender({ plan: video.plan, peer, now, schedule, onSent });
      this.#seat = preview.watchVideo(video.codec, this);
    } catch (fault) {
      const { code, message } = toTokenizerError(fault);
      this.end(code, message);
    }
  }

  onRtcp(packet: RtcpPacket): void {
    this.#sender?.takeRtcp(packet);
    const isRequest = packet.type === 'pli' || packet.type === 'fir';
    if (!isRequest || packet.media !== this.#options.video?.plan.ssrc) return;
    const isPassed = this.#allowance.take(performance.now());
    if (isPassed) this.#seat?.requestKeyframe();
    this.#options.onKeyframeRequest(isPassed ? 'passed' : 'held');
  }

  onChannel(channel: PeerChannel): void {
    this.#options.onChannel(channel);
  }

  onClosed(): void {
    this.#leave();
    this.#settle();
  }

  show(unit: PreviewUnit): void {
    const { video } = this.#options;
    this.#hasBegun ||= unit.isKeyframe;
    if (!this.#hasBegun || !video) return;
    const payloads = payloadsOf.get(unit) ?? packetize(video.codec, unit);
    payloadsOf.set(unit, payloads);
    this.#sender?.send(payloads, unit.timestampUs);
  }

  end(code: ErrorCode, detail: string): void {
    this.#options.onEnd(code, detail);
    void this.close();
  }

  /** Says goodbye and closes the connection. */
  async close(): Promise<void> {
    this.#leave();
    await this.#peer?.close();
  }

  #leave(): void {
    this.#seat?.leave();
    this.#seat = undefined;
    this.#sender?.close();
  }
}

const packetize = (codec: VideoCodec, { data, index }: PreviewUnit): readonly Uint8Array[] =>
  codec === 'h264'
    ? packetizeH264(data, { maxPayloadBytes: MAX_PAYLOAD_BYTES })
    : packetizeVp8(data, { maxPayloadBytes: MAX_PAYLOAD_BYTES, pictureId: index });

const schedule = (task: () => void, delayMs: number): (() => void) => {
  const timer = setTimeout(task, delayMs);
  return () => clearTimeout(timer);
};
