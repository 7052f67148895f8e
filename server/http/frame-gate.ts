/**
 * Lets one picture at a time into a connection: a viewer gets the newest one as soon as the last has left, and misses
 * those in between. One whose picture does not leave at all is given up.
 */
export class FrameGate {
  readonly #stallMs: number;
  readonly #onStuck: () => void;
  /** When the picture went in that has not left, wall clock. */
  #busySinceMs: number | undefined;
  #isStuck = false;

  constructor(stallMs: number, onStuck: () => void) {
    this.#stallMs = stallMs;
    this.#onStuck = onStuck;
  }

  /** Sends the next picture, or drops it while the one before is under way. */
  offer(send: (onFlushed: () => void) => void): void {
    if (this.#isStuck) return;
    const nowMs = Date.now();
    if (this.#busySinceMs === undefined) {
      this.#busySinceMs = nowMs;
      send(() => {
        this.#busySinceMs = undefined;
      });
    } else if (nowMs - this.#busySinceMs >= this.#stallMs) {
      this.#isStuck = true;
      this.#onStuck();
    }
  }
}
