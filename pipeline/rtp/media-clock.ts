const MODULUS = 2 ** 32;
/** Video has a clock of 90 kHz in all payload formats that are taken. */
const TICKS_PER_MILLI = 90;
/** How far a timestamp may lie from where its arrival puts it and still belong to the clock, ms. */
const GREATEST_DEVIATION_MS = 10_000;

/** Extends the 32-bit timestamps of one source (RFC 3550 5.1) over their wrap-around. */
export class MediaClock {
  #newest: { readonly ticks: number; readonly atMs: number } | undefined;

  /** Ticks since an arbitrary moment; remembers nothing. */
  extend(timestamp: number): number {
    const newest = this.#newest?.ticks ?? timestamp;
    return newest + signedDistance(newest, timestamp);
  }

  /** Whether a packet of this timestamp may come from this clock at this time. */
  isPlausible(timestamp: number, atMs: number): boolean {
    if (!this.#newest) return true;
    const elapsedMs = (this.extend(timestamp) - this.#newest.ticks) / TICKS_PER_MILLI;
    const passedMs = atMs - this.#newest.atMs;
    // A sender that paused may count on from where it stopped, or by the time that has passed.
    return elapsedMs >= -GREATEST_DEVIATION_MS && elapsedMs <= passedMs + GREATEST_DEVIATION_MS;
  }

  /** Whether the timestamp is later than all that were remembered. */
  isNewest(timestamp: number): boolean {
    return !this.#newest || this.extend(timestamp) > this.#newest.ticks;
  }

  /** Remembers the timestamp of a packet of this source, which need not be plausible. */
  take(timestamp: number, atMs: number): void {
    const ticks = this.extend(timestamp);
    if (this.isNewest(timestamp) || !this.isPlausible(timestamp, atMs)) this.#newest = { ticks, atMs };
  }
}

/** The shorter way from extended ticks to a timestamp, -2^31 to 2^31 - 1. */
function signedDistance(from: number, to: number): number {
  const forward = (((to - from) % MODULUS) + MODULUS) % MODULUS;
  return forward < MODULUS / 2 ? forward : forward - MODULUS;
}

/** Ticks of the 90 kHz clock as µs, not rounded. */
export const microsOfTicks = (ticks: number): number => (ticks * 1000) / TICKS_PER_MILLI;

/** Ticks of the 90 kHz clock as ms. */
export const millisOfTicks = (ticks: number): number => ticks / TICKS_PER_MILLI;
