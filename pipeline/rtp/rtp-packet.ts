/** An RTP packet (RFC 3550 5.1) after decryption. */
export interface RtpPacketView {
  readonly payloadType: number;
  readonly sequenceNumber: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly marker: boolean;
  /** Without header, extensions and padding; of length 0 where the packet is padding alone. Must not change any more. */
  readonly payload: Uint8Array;
}

/** What a sender report (RFC 3550 6.4.1) says of its sender's clock; each value as it lies in the packet. */
export interface SenderReportView {
  readonly ssrc: number;
  /** Seconds since 1900, u32. */
  readonly ntpSeconds: number;
  /** In units of 2^-32 s, u32. */
  readonly ntpFraction: number;
  readonly rtpTimestamp: number;
}
