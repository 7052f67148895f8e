/** A clock that goes forward only when it is told to, with the timers that were set on it. */
export class VirtualClock {
  #nowMs = 0;
  #timers: { dueMs: number; task: () => void }[] = [];

  readonly now = (): number => this.#nowMs;

  readonly schedule = (task: () => void, delayMs: number): (() => void) => {
    const timer = { dueMs: this.#nowMs + delayMs, task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  };

  get timers(): number {
    return this.#timers.length;
  }

  /** Lets time pass and runs the timers that fall due, in their order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#timers.filter((each) => each.dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.task();
    }
    this.#nowMs = endMs;
  }

  /** Lets time pass without running timers, as a thread that is held up does. */
  jump(ms: number): void {
    this.#nowMs += ms;
  }

  /** Runs all timers now, whether the clock says that they are due or not. */
  ring(): void {
    for (const { task } of this.#timers.splice(0)) task();
  }
}
