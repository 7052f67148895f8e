/**
 * Works on one item at a time, in order; of those that come meanwhile only the newest is kept. What the work throws goes
 * to `onFault`, and the next item is taken.
 */
export class NewestFirst<T> {
  readonly #work: (item: T) => Promise<void>;
  readonly #on: { drop(): void; fault(fault: unknown): void };
  #waiting: { readonly item: T } | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(work: (item: T) => Promise<void>, on: { drop(): void; fault(fault: unknown): void }) {
    this.#work = work;
    this.#on = on;
  }

  /** Gives the next item to be worked on; ignored once closed. */
  offer(item: T): void {
    if (this.#isClosed) return;
    if (this.#waiting !== undefined) this.#on.drop();
    this.#waiting = { item };
    this.#running ??= this.#run();
  }

  /** Gives up what waits; resolves when the work under way has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting = undefined;
    await this.#running;
  }

  /** Between finding nothing and ending nothing is awaited, so that no offer goes unseen. */
  async #run(): Promise<void> {
    for (let next = this.#waiting; next !== undefined; next = this.#waiting) {
      this.#waiting = undefined;
      try {
        await this.#work(next.item);
      } catch (fault) {
        this.#on.fault(fault);
      }
    }
    this.#running = undefined;
  }
}
