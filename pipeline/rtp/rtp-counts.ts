import type { RtpPacketView } from './rtp-packet.ts';
import type { Fate } from './rtp-source.ts';

/** What a receive stage counts up, by the names of its statistics. */
export class RtpCounts {
  received = 0;
  lost = 0;
  recovered = 0;
  duplicate = 0;
  late = 0;
  padding = 0;
  ignored = 0;
  units = 0;
  keyframes = 0;
  unitLosses = 0;
  nacks = 0;
  plis = 0;
  firs = 0;

  /** Counts a packet of media by what became of it. */
  take(fate: Fate, packet: RtpPacketView): void {
    if (fate === 'duplicate' || fate === 'late') this[fate] += 1;
    if (fate !== 'new' && fate !== 'recovered') return;
    this.received += 1;
    if (fate === 'recovered') this.recovered += 1;
    if (packet.payload.length === 0) this.padding += 1;
  }
}
