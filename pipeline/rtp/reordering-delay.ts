/** Reordered packets that are remembered. */
const MEMORY = 64;
const PERCENTILE = 0.9;
/** A request is never held back for longer than this, ms. */
const GREATEST_MS = 60;
/** Packets without reordering after which one delay is forgotten. */
const FORGET_AFTER = 512;

/** Learns how much later than its successor a packet comes that was overtaken on its way, not lost. */
export class ReorderingDelay {
  readonly #delaysMs: number[] = [];
  #valueMs = 0;
  #inOrder = 0;

  /** The time that nearly all overtaken packets take to come after all; 0 on a path that keeps the order. */
  get valueMs(): number {
    return this.#valueMs;
  }

  /** An overtaken packet came this long after the packet that overtook it. */
  measure(delayMs: number): void {
    this.#delaysMs.push(Math.min(delayMs, GREATEST_MS));
    if (this.#delaysMs.length > MEMORY) this.#delaysMs.shift();
    this.#inOrder = 0;
    this.#update();
  }

  /** A packet came in order. */
  countInOrder(): void {
    this.#inOrder += 1;
    if (this.#inOrder < FORGET_AFTER || this.#delaysMs.length === 0) return;
    this.#inOrder = 0;
    this.#delaysMs.shift();
    this.#update();
  }

  #update(): void {
    const sorted = this.#delaysMs.toSorted((a, b) => a - b);
    this.#valueMs = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * PERCENTILE))] ?? 0;
  }
}
