import { millisOfTicks } from './media-clock.ts';

/** Interarrival jitter, RFC 3550 A.8. */
export class InterarrivalJitter {
  #last: { readonly ticks: number; readonly atMs: number } | undefined;
  #valueMs = 0;

  get valueMs(): number {
    return this.#valueMs;
  }

  /** Takes the extended timestamp and the arrival of a packet that was not retransmitted. */
  measure(ticks: number, atMs: number): void {
    const last = this.#last;
    this.#last = { ticks, atMs };
    if (!last) return;
    const deviationMs = Math.abs(atMs - last.atMs - millisOfTicks(ticks - last.ticks));
    this.#valueMs += (deviationMs - this.#valueMs) / 16;
  }
}
