/** Amounts over the last seconds of the page's clock: bytes sent, pictures shown. */
export class RateMeter {
  readonly #windowMs: number;
  #samples: { readonly atMs: number; readonly amount: number }[] = [];

  constructor(options: { windowMs: number }) {
    this.#windowMs = options.windowMs;
  }

  /** Counts an amount. */
  add(amount: number, nowMs: number): void {
    this.#samples.push({ atMs: nowMs, amount });
  }

  /** Amount a second; 0 until there is something to divide by. */
  perSecond(nowMs: number): number {
    this.#samples = this.#samples.filter(({ atMs }) => atMs > nowMs - this.#windowMs);
    const [first] = this.#samples;
    if (first === undefined || nowMs - first.atMs < 500) return 0;
    return (this.#samples.reduce((sum, { amount }) => sum + amount, 0) * 1000) / (nowMs - first.atMs);
  }
}
