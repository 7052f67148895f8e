/** Subscribers that are served before everything else gets its turn: at some 30 µs each about two milliseconds. */
const SLICE = 64;

/** Whoever is to be told that the journal has grown. */
export interface Listener {
  pump(): void;
}

/** Tells a crowd of new messages slice by slice, so that the event loop stays free. Few are told at once. */
export class FanOut {
  readonly #listeners: ReadonlySet<Listener>;
  /** Those who have yet to be told. */
  #waiting: Iterator<Listener> | undefined;
  /** Something new came since the round began, which those told first do not know. */
  #isStale = false;

  /** Reads the set, which may change at any time. */
  constructor(listeners: ReadonlySet<Listener>) {
    this.#listeners = listeners;
  }

  /** Tells everybody that there is something new. */
  spread(): void {
    if (this.#waiting) {
      this.#isStale = true;
      return;
    }
    this.#waiting = this.#listeners.values();
    this.#tellSlice(this.#waiting);
  }

  #tellSlice(waiting: Iterator<Listener>): void {
    for (let told = 0; told < SLICE; told++) {
      const next = waiting.next();
      if (next.done) {
        this.#endRound();
        return;
      }
      next.value.pump();
    }
    setImmediate(() => this.#tellSlice(waiting));
  }

  #endRound(): void {
    this.#waiting = undefined;
    if (!this.#isStale) return;
    this.#isStale = false;
    this.spread();
  }
}
