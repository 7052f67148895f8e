/** Reordered packets that are remembered. */
const MEMORY = 64;
const PERCENTILE = 0.9;
/** A request is never held back for longer than this, ms. */
const GREATEST_MS = 60;
/** Packets without reordering after which one delay is forgotten. */
const FORGET_AFTER = 512;

/** Learns how much later than its successor a packet comes that was overtaken on its way, not lost. */
export class ReorderingDelay {
  /** The last delays, ms, oldest first, and how often each whole number of ms is among them. */
  readonly #delays: number[] = [];
  readonly #counts = new Uint8Array(GREATEST_MS + 1);
  #inOrder = 0;

  /** The time that nearly all overtaken packets take to come after all, ms; 0 on a path that keeps the order. */
  get valueMs(): number {
    let left = this.#delays.length * PERCENTILE;
    if (left === 0) return 0;
    let delay = -1;
    while (left > 0) {
      delay += 1;
      left -= this.#counts[delay] ?? left;
    }
    return delay;
  }

  /** An overtaken packet came this long after the packet that overtook it. */
  measure(delayMs: number): void {
    const delay = Math.min(GREATEST_MS, Math.max(0, Math.ceil(delayMs)));
    this.#delays.push(delay);
    this.#counts[delay] = (this.#counts[delay] ?? 0) + 1;
    if (this.#delays.length > MEMORY) this.#forget();
    this.#inOrder = 0;
  }

  /** A packet came in order. */
  countInOrder(): void {
    this.#inOrder += 1;
    if (this.#inOrder < FORGET_AFTER) return;
    this.#inOrder = 0;
    this.#forget();
  }

  #forget(): void {
    const oldest = this.#delays.shift();
    if (oldest !== undefined) this.#counts[oldest] = (this.#counts[oldest] ?? 1) - 1;
  }
}
