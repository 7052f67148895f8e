import type { Millis } from '../../client-sdk/protocol/units.ts';
import type { MediaError } from '../errors.ts';
import type { DemuxEvent } from '../types.ts';
import type { RtpPacketView, SenderReportView } from './rtp-packet.ts';

export const RTP_CODECS = ['h264', 'vp8', 'vp9', 'av1'] as const;
/** A codec whose RTP payload format is taken. */
export type RtpCodec = (typeof RTP_CODECS)[number];

/** What was negotiated for one payload type. */
export interface RtpMediaFormat {
  readonly codec: RtpCodec;
  /** H.264: the NAL units of `sprop-parameter-sets` (RFC 6184 8.1), where the offer has them. */
  readonly parameterSets?: readonly Uint8Array[] | undefined;
}

/** What the sender is to be told by RTCP. */
export type RtpFeedback =
  /** Generic NACK, RFC 4585 6.2.1; the numbers ascend, across the wrap too. */
  | { readonly type: 'nack'; readonly ssrc: number; readonly sequenceNumbers: readonly number[] }
  /** Picture loss indication, RFC 4585 6.3.1. */
  | { readonly type: 'pli'; readonly ssrc: number }
  /** Full intra request, RFC 5104 4.3.1, with its command sequence number (u8). */
  | { readonly type: 'fir'; readonly ssrc: number; readonly commandNumber: number }
  /** Receiver estimated maximum bitrate, bit/s. */
  | { readonly type: 'remb'; readonly bitrate: number; readonly ssrcs: readonly number[] };

/** Whether a keyframe is wanted: no; yes and asked for; yes, but the sender has left several requests unanswered. */
export type KeyframeState = 'idle' | 'asked' | 'ignored';

/** What a receiver has counted since it was opened, and what it holds for true now. */
export interface RtpStatistics {
  /** Packets of the media's own SSRC that came for the first time, those without a payload among them. */
  readonly received: number;
  /** Packets that were given up. */
  readonly lost: number;
  /** Missing packets that came again by retransmission. */
  readonly recovered: number;
  readonly duplicate: number;
  /** Packets that came after they had been given up. */
  readonly late: number;
  /** Packets without a payload. */
  readonly padding: number;
  /** Packets of no negotiated payload type, of an SSRC that has been left, or of no use as a retransmission. */
  readonly ignored: number;
  /** Access units given, keyframes among them. */
  readonly units: number;
  readonly keyframes: number;
  /** Access units reported as `loss`, as far as they could be counted. */
  readonly unitLosses: number;
  /** Sequence numbers asked for again, repetitions included. */
  readonly nacks: number;
  readonly plis: number;
  readonly firs: number;
  /** Keyframe requests that no keyframe followed in time. */
  readonly requestsIgnored: number;
  readonly keyframeState: KeyframeState;
  /** What the sender is allowed to send, bit/s. */
  readonly bitrate: number;
  /** Smoothed round-trip time to the sender, ms. */
  readonly roundTripMs: number;
  /** Interarrival jitter (RFC 3550 A.8), ms. */
  readonly jitterMs: number;
  readonly ssrc: number | undefined;
  readonly codec: RtpCodec | undefined;
}

export interface RtpReceiverOptions {
  /** Negotiated payload types of the video. */
  readonly formats: ReadonlyMap<number, RtpMediaFormat>;
  /** Retransmission (RFC 4588): its payload types, each with the payload type that it carries (`apt`). */
  readonly retransmissions: ReadonlyMap<number, number>;
  /** Largest access unit, bytes; a larger one counts as lost. */
  readonly maxUnitBytes: number;
  /** A keyframe is asked for where none came for this long; 0 leaves it to the sender. */
  readonly keyframeIntervalMs: number;
  /** The most that the sender is allowed to send, bit/s. */
  readonly maxBitrate: number;
  /** Takes the media in decoding order, as a demultiplexer gives it. */
  onEvent(event: DemuxEvent): void;
  /** Takes what is to be sent at once; called within `push`, `advance` and `needKeyframe`. */
  onFeedback(feedback: RtpFeedback): void;
  /** The sender sends what is not taken, such as spatial layers; called once, and nothing comes after it. */
  onRefuse(error: MediaError): void;
}

/**
 * Turns the RTP packets of one video source into access units: puts them in order, asks for what is missing, waits a bounded
 * time, and reports what stays missing. A state machine on packets and time without a socket or a timer: all times are
 * the caller's clock (one that is set back does no harm), and the caller calls `advance` when `nextDeadline` is reached.
 */
export interface RtpReceiver {
  /** Takes a packet of any of the negotiated payload types as it arrives. Nothing in it makes it throw. */
  push(packet: RtpPacketView, at: Millis): void;
  /**
   * Lets time pass: gives up what has been waited for, repeats requests. Only this gives up by the clock, so a caller that
   * was kept busy pushes what has come meanwhile before it.
   */
  advance(at: Millis): void;
  /** When `advance` has something to do; `undefined` before the first packet and after the end. */
  readonly nextDeadline: Millis | undefined;
  /** Takes the sender's clock, which access units are given `captured` by from then on. */
  senderReport(report: SenderReportView, at: Millis): void;
  /** Takes a measured round-trip time, such as that of a STUN check; without one it is learned from retransmissions. */
  setRoundTrip(roundTripMs: number): void;
  /** Asks for a keyframe, as soon as the throttle lets it. */
  needKeyframe(at: Millis): void;
  /** No packet comes any more: gives what waits and reports what is missing. Idempotent. */
  end(at: Millis): void;
  readonly statistics: RtpStatistics;
}

/** Opens the receive stage of one video source. */
export type OpenRtpReceiver = (options: RtpReceiverOptions) => RtpReceiver;
