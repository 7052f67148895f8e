import type { Micros } from '../../client-sdk/protocol/units.ts';

export interface PacerOptions<T> {
  /** Longest that a picture is held back, milliseconds. */
  readonly maxDelayMs: number;
  /** Pictures held back at most; beyond that the oldest is dropped. */
  readonly capacity: number;
  /** Milliseconds on any clock that only goes forward. */
  readonly now: () => number;
  /** Calls back later; the result cancels. */
  readonly schedule: (task: () => void, delayMs: number) => () => void;
  readonly emit: (picture: T) => void;
  readonly onDrop: () => void;
}

/**
 * Gives pictures out at the pace of their media time, though they are made in bursts. The lag between media time and
 * the clock grows to that of the latest burst, so that a chunk's pictures fill the time until the next chunk, and shrinks
 * where pictures come faster than they are shown.
 */
export class Pacer<T extends { readonly pts: Micros }> {
  readonly #options: PacerOptions<T>;
  readonly #held: T[] = [];
  /** Clock minus media time at which pictures are shown, milliseconds. */
  #lagMs: number | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(options: PacerOptions<T>) {
    this.#options = options;
  }

  /** Takes pictures that were made together, in media order. */
  push(pictures: readonly T[]): void {
    const [first] = pictures;
    if (first === undefined) return;
    const { now, maxDelayMs, capacity, onDrop } = this.#options;
    const latestLagMs = now() - first.pts / 1000;
    const lagMs = Math.max(this.#lagMs ?? latestLagMs, latestLagMs);
    this.#lagMs = Math.min(lagMs, latestLagMs + maxDelayMs);
    this.#held.push(...pictures);
    while (this.#held.length > capacity) {
      this.#held.shift();
      onDrop();
    }
    this.#release();
  }

  /** Forgets the lag: media time starts anew. What is held is given out at once but for its newest, which stays last. */
  restart(): void {
    this.#lagMs = undefined;
    const newest = this.#held.pop();
    for (const _ of this.#held.splice(0)) this.#options.onDrop();
    if (newest !== undefined) this.#options.emit(newest);
    this.#release();
  }

  /** Stops the clock and drops what is held. */
  close(): void {
    this.#held.length = 0;
    this.#release();
  }

  #dueInMs(picture: T): number {
    return picture.pts / 1000 + (this.#lagMs ?? 0) - this.#options.now();
  }

  /** Emits the newest picture that is due, drops those that it overtakes, and sets the timer for the next. */
  #release(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const due = this.#held.filter((picture) => this.#dueInMs(picture) <= 0).length;
    const newest = this.#held.splice(0, due).pop();
    for (let late = 1; late < due; late++) this.#options.onDrop();
    if (newest !== undefined) this.#options.emit(newest);
    const next = this.#held[0];
    if (next === undefined) return;
    this.#cancelTimer = this.#options.schedule(() => this.#release(), Math.max(1, this.#dueInMs(next)));
  }
}
