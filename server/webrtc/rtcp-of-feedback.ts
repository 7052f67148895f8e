import { assertNever } from '../../pipeline/errors.ts';
import type { RtpFeedback } from '../../pipeline/rtp/rtp-receiver.ts';
import type { RtcpPacket } from './rtcp-packet.ts';

/** The RTCP packet by which `sender`, this side's SSRC, tells what the receive stage wants told. */
export function rtcpOfFeedback(feedback: RtpFeedback, sender: number): RtcpPacket {
  switch (feedback.type) {
    case 'nack':
      return { type: 'nack', sender, media: feedback.ssrc, sequenceNumbers: feedback.sequenceNumbers };
    case 'pli':
      return { type: 'pli', sender, media: feedback.ssrc };
    case 'fir':
      return { type: 'fir', sender, media: feedback.ssrc, commandNumber: feedback.commandNumber };
    case 'remb':
      return { type: 'remb', sender, bitrate: feedback.bitrate, ssrcs: feedback.ssrcs };
    default:
      return assertNever(feedback);
  }
}
