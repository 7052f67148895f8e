/**
 * Bounds the decoded pictures that wait for a consumer, because each holds megabytes of native memory that the
 * admission window does not count.
 */
export class PictureBudget {
  readonly #capacity: number;
  readonly #waiters: (() => void)[] = [];
  #taken = 0;
  #isClosed = false;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Counts a picture that was handed on. */
  take(): void {
    this.#taken += 1;
  }

  /** Counts a picture that its consumer is done with. */
  release(): void {
    this.#taken -= 1;
    if (this.#taken < this.#capacity) this.#wake();
  }

  /** Resolves once another picture may be made, or the budget is closed. */
  async room(): Promise<void> {
    while (this.#taken >= this.#capacity && !this.#isClosed) {
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  /** Lets everybody go; for the end of the stream, when consumers give nothing back any more. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
