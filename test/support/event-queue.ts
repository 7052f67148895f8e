/** Things that happen at times, given back in the order of their times, then of their entry: a binary heap. */
export class EventQueue<T> {
  readonly #heap: { readonly atMs: number; readonly order: number; readonly event: T }[] = [];
  #entries = 0;

  /** Time of the next event. */
  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  push(atMs: number, event: T): void {
    const entry = { atMs, order: this.#entries, event };
    this.#entries += 1;
    let at = this.#heap.length;
    for (;;) {
      const above = (at - 1) >> 1;
      if (at === 0 || !isBefore(entry, this.#heap[above]!)) break;
      this.#heap[at] = this.#heap[above]!;
      at = above;
    }
    this.#heap[at] = entry;
  }

  pop(): T | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (!first || !last || this.#heap.length === 0) return first?.event;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= this.#heap.length) break;
      if (below + 1 < this.#heap.length && isBefore(this.#heap[below + 1]!, this.#heap[below]!)) below += 1;
      if (!isBefore(this.#heap[below]!, last)) break;
      this.#heap[at] = this.#heap[below]!;
      at = below;
    }
    this.#heap[at] = last;
    return first.event;
  }
}

const isBefore = (a: { atMs: number; order: number }, b: { atMs: number; order: number }): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
