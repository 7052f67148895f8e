/** Assumed before anything was measured, ms. */
const INITIAL_MS = 100;
const GREATEST_MS = 2000;
/** Weight of a new measurement, as for TCP (RFC 6298 2.3). */
const WEIGHT = 1 / 8;

/** Smoothed time from a request to its answer. */
export class RoundTrip {
  #valueMs: number | undefined;

  get valueMs(): number {
    return this.#valueMs ?? INITIAL_MS;
  }

  measure(roundTripMs: number): void {
    if (!(roundTripMs >= 0)) return;
    const sample = Math.min(roundTripMs, GREATEST_MS);
    this.#valueMs = this.#valueMs === undefined ? sample : this.#valueMs + WEIGHT * (sample - this.#valueMs);
  }
}
