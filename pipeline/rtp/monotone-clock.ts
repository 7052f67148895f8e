import { type Millis, millis } from '../../client-sdk/protocol/units.ts';

/** Time that never goes back, made of a clock that may be set back. */
export class MonotoneClock {
  #shiftMs = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** The time of a moment on the clock, ms; moments are given in the order in which they come. */
  take(at: Millis): number {
    if (at + this.#shiftMs < this.#lastMs) this.#shiftMs = this.#lastMs - at;
    this.#lastMs = at + this.#shiftMs;
    return this.#lastMs;
  }

  /** What the clock, as it is set now, shows at a time. */
  shown(atMs: number): Millis {
    return millis(atMs - this.#shiftMs);
  }
}
