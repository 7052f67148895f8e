import type { Millis } from '../../client-sdk/protocol/units.ts';
import type { RtpPacketView } from '../../pipeline/rtp/rtp-packet.ts';
import { middleOf } from './ntp.ts';
import type { ReceptionReport, RtcpPacket } from './rtcp-packet.ts';

/** Jumps beyond these are a restart of the sender's numbers (RFC 3550 A.1). */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;

/** Counts one source's packets for the reports that its sender gets (RFC 3550 A.3 and A.8). */
export class ReceptionTally {
  readonly ssrc: number;
  readonly #clockRate: number;
  #first: number | undefined;
  /** Highest sequence number with its wraps. */
  #highest = 0;
  #received = 0;
  #reported = { expected: 0, received: 0 };
  #jitter = 0;
  #transit: number | undefined;
  #lastReport: { middle: number; at: Millis } | undefined;

  constructor(ssrc: number, clockRate: number) {
    this.ssrc = ssrc;
    this.#clockRate = clockRate;
  }

  take({ sequenceNumber, timestamp }: RtpPacketView, at: Millis): void {
    this.#count(sequenceNumber);
    const transit = (Math.round((at / 1000) * this.#clockRate) - timestamp) | 0;
    if (this.#transit !== undefined)
      this.#jitter += (Math.abs((transit - this.#transit) | 0) - this.#jitter) / 16;
    this.#transit = transit;
  }

  takeReport(report: Extract<RtcpPacket, { type: 'sender-report' }>, at: Millis): void {
    this.#lastReport = { middle: middleOf(report), at };
  }

  /** What is to be reported now; counts the next report's losses from here. */
  report(at: Millis): ReceptionReport {
    const expected = this.#first === undefined ? 0 : this.#highest - this.#first + 1;
    const fresh = expected - this.#reported.expected;
    const missing = fresh - (this.#received - this.#reported.received);
    this.#reported = { expected, received: this.#received };
    const sinceReport = this.#lastReport ? Math.max(0, at - this.#lastReport.at) : 0;
    return {
      ssrc: this.ssrc,
      fractionLost: fresh > 0 && missing > 0 ? Math.min(255, Math.floor((missing * 256) / fresh)) : 0,
      packetsLost: Math.max(-0x80_0000, Math.min(0x7f_ffff, expected - this.#received)),
      highestSequence: this.#highest >>> 0,
      jitter: Math.floor(this.#jitter) >>> 0,
      lastReport: this.#lastReport?.middle ?? 0,
      delaySinceLastReport: Math.floor((sinceReport / 1000) * 65_536) >>> 0,
    };
  }

  #count(sequenceNumber: number): void {
    const ahead = this.#first === undefined ? 0 : (sequenceNumber - this.#highest) & 0xffff;
    const isRestart = ahead >= MAX_DROPOUT && ahead <= 0x1_0000 - MAX_MISORDER;
    if (this.#first === undefined || isRestart) {
      this.#first = sequenceNumber;
      this.#highest = sequenceNumber;
      this.#received = 0;
      this.#reported = { expected: 0, received: 0 };
    } else if (ahead < MAX_DROPOUT) this.#highest += ahead;
    this.#received += 1;
  }
}
