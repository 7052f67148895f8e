/** Latencies remembered for the quantiles. */
const CAPACITY = 512;

/** The newest latencies of one kind of message, ms. */
export class LatencyWindow {
  readonly #values: number[] = [];
  #next = 0;

  add(latencyMs: number): void {
    this.#values[this.#next] = latencyMs;
    this.#next = (this.#next + 1) % CAPACITY;
  }

  /** Median and 95th percentile, ms; `undefined` before the first value. */
  quantiles(): { p50Ms: number; p95Ms: number } | undefined {
    if (this.#values.length === 0) return undefined;
    const sorted = this.#values.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
    return { p50Ms: at(0.5), p95Ms: at(0.95) };
  }
}
