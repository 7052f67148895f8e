import { type Millis, millis } from '../../client-sdk/protocol/units.ts';
import { type MediaClock, millisOfTicks } from './media-clock.ts';
import type { SenderReportView } from './rtp-packet.ts';

/** Seconds from 1900 to 1970 (RFC 5905 6). */
const NTP_TO_UNIX_SECONDS = 2_208_988_800;
const ERA_SECONDS = 2 ** 32;

/** Wall-clock time of a sender report; the era of its 32-bit seconds is the one that lies nearest to `near`. */
export function unixMillisOf(report: SenderReportView, near: Millis): Millis {
  const seconds = report.ntpSeconds - NTP_TO_UNIX_SECONDS + report.ntpFraction / 2 ** 32;
  const eras = Math.round((near / 1000 - seconds) / ERA_SECONDS);
  return millis((seconds + eras * ERA_SECONDS) * 1000);
}

/** Maps media time to its sender's wall clock by the last sender report (RFC 3550 6.4.1). */
export class SenderClock {
  #anchor: { readonly ticks: number; readonly at: Millis } | undefined;

  /** Takes a report; `clock` is that of the media it is about. */
  take(report: SenderReportView, { clock, near }: { clock: MediaClock; near: Millis }): void {
    // A sender without a wall clock says 0 (RFC 3550 6.4.1).
    if (report.ntpSeconds === 0 && report.ntpFraction === 0) return;
    this.#anchor = { ticks: clock.extend(report.rtpTimestamp), at: unixMillisOf(report, near) };
  }

  /** When the picture of an extended timestamp was captured; `undefined` before the first report. */
  captured(ticks: number): Millis | undefined {
    if (!this.#anchor) return undefined;
    const at = this.#anchor.at + millisOfTicks(ticks - this.#anchor.ticks);
    return at >= 0 ? millis(at) : undefined;
  }
}
