/** What the batcher must know of an item. */
export interface BatchItem {
  /** Only items of one kind share a batch. */
  readonly kind: string;
  /** 0 comes first. */
  readonly priority: number;
}

export interface BatcherOptions {
  /** Items of a full batch; 1 means that nothing ever waits for company. */
  readonly size: number;
  /** How long the oldest item of a kind waits for company, milliseconds. */
  readonly waitMs: number;
  /** Milliseconds on any clock that only goes forward. */
  readonly now: () => number;
  /** Calls back later; the result cancels. */
  readonly schedule: (task: () => void, delayMs: number) => () => void;
  /** Called when a batch has become due by waiting. */
  readonly onDue: () => void;
}

interface Waiting<T> {
  readonly item: T;
  readonly since: number;
}

/**
 * A queue that gives batches: items of one kind, in order of priority and then of arrival. A batch is due when it is
 * full or its oldest item has waited long enough. Whoever uses it bounds it.
 */
export class Batcher<T extends BatchItem> {
  readonly #options: BatcherOptions;
  #waiting: Waiting<T>[] = [];
  #cancelTimer: (() => void) | undefined;

  constructor(options: BatcherOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** Adds an item behind all others of its priority. */
  add(item: T): void {
    const behind = this.#waiting.findLastIndex((each) => each.item.priority <= item.priority);
    this.#waiting.splice(behind + 1, 0, { item, since: this.#options.now() });
    this.#setTimer();
  }

  /** Takes an item out; false where it is not there any more. */
  remove(item: T): boolean {
    const at = this.#waiting.findIndex((each) => each.item === item);
    if (at < 0) return false;
    this.#waiting.splice(at, 1);
    this.#setTimer();
    return true;
  }

  /** The first batch that is due, or undefined. */
  take(): readonly T[] | undefined {
    const kinds = new Set(this.#waiting.map((each) => each.item.kind));
    for (const kind of kinds) {
      const same = this.#waiting.filter((each) => each.item.kind === kind);
      if (same.length < this.#options.size && this.#dueInMs(same) > 0) continue;
      const batch = new Set(same.slice(0, this.#options.size));
      this.#waiting = this.#waiting.filter((each) => !batch.has(each));
      this.#setTimer();
      return [...batch].map((each) => each.item);
    }
    return undefined;
  }

  /** Takes everything out, in order. */
  clear(): readonly T[] {
    const items = this.#waiting.map((each) => each.item);
    this.#waiting = [];
    this.#setTimer();
    return items;
  }

  #dueInMs(items: readonly Waiting<T>[]): number {
    if (this.#options.size === 1) return 0;
    const oldest = items.reduce((since, each) => Math.min(since, each.since), Number.POSITIVE_INFINITY);
    return oldest + this.#options.waitMs - this.#options.now();
  }

  #setTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#options.size === 1 || this.#waiting.length === 0) return;
    const delayMs = this.#dueInMs(this.#waiting);
    if (delayMs <= 0) return;
    this.#cancelTimer = this.#options.schedule(() => {
      // A timer may ring a fraction of a millisecond before the clock says so.
      this.#setTimer();
      this.#options.onDue();
    }, delayMs);
  }
}
