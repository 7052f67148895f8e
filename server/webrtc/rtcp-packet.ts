/** A reception report block (RFC 3550 6.4.1). */
export interface ReceptionReport {
  readonly ssrc: number;
  /** Lost since the last report, of 256. */
  readonly fractionLost: number;
  /** Lost in all; may be negative where packets came twice. */
  readonly packetsLost: number;
  /** Highest sequence number with its wraps, u32. */
  readonly highestSequence: number;
  /** In units of the media clock. */
  readonly jitter: number;
  /** The middle 32 bits of the last sender report's time; 0 where there was none. */
  readonly lastReport: number;
  /** Since that report arrived, in units of 2^-16 s. */
  readonly delaySinceLastReport: number;
}

/** The RTCP packets that are sent or understood. */
export type RtcpPacket =
  | {
      readonly type: 'sender-report';
      readonly ssrc: number;
      /** Seconds since 1900 and units of 2^-32 s. */
      readonly ntpSeconds: number;
      readonly ntpFraction: number;
      readonly rtpTimestamp: number;
      readonly packetCount: number;
      readonly octetCount: number;
      readonly reports: readonly ReceptionReport[];
    }
  | { readonly type: 'receiver-report'; readonly ssrc: number; readonly reports: readonly ReceptionReport[] }
  | { readonly type: 'source-description'; readonly ssrc: number; readonly cname: string }
  | { readonly type: 'bye'; readonly ssrcs: readonly number[] }
  /** Generic NACK, RFC 4585 6.2.1. */
  | {
      readonly type: 'nack';
      readonly sender: number;
      readonly media: number;
      readonly sequenceNumbers: readonly number[];
    }
  /** Picture loss indication, RFC 4585 6.3.1. */
  | { readonly type: 'pli'; readonly sender: number; readonly media: number }
  /** Full intra request, RFC 5104 4.3.1. */
  | { readonly type: 'fir'; readonly sender: number; readonly media: number; readonly commandNumber: number }
  /** Receiver estimated maximum bitrate, draft-alvestrand-rmcat-remb-03, bit/s. */
  | {
      readonly type: 'remb';
      readonly sender: number;
      readonly bitrate: number;
      readonly ssrcs: readonly number[];
    }
  /** Receiver reference time, RFC 3611 4.4: asks a sender for a `delay-report`. */
  | {
      readonly type: 'reference-time';
      readonly sender: number;
      readonly ntpSeconds: number;
      readonly ntpFraction: number;
    }
  /** Delay since the last receiver reference time, RFC 3611 4.5; times as in a reception report. */
  | {
      readonly type: 'delay-report';
      readonly sender: number;
      readonly blocks: readonly {
        readonly ssrc: number;
        readonly lastReference: number;
        readonly delay: number;
      }[];
    };
