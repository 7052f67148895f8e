import type { Micros } from '../../client-sdk/protocol/units.ts';

/** How far media time may run from the clock before it is set anew: above the jitter of threads, below what is seen. */
const TOLERANCE_US = 150_000;
const LEAST_STEP_US = 1000;

/**
 * Timestamps of pictures as they are shown: steps of media time, but 0 at the first picture, always increasing, and
 * never far from the clock, whatever epochs, gaps and pauses do to media time. A player that smooths by timestamps thus
 * adds no delay.
 */
export class VideoClock {
  /** Timestamp minus clock at the first picture, µs. */
  #clockOffsetUs: number | undefined;
  /** Timestamp minus media time, µs. */
  #mediaOffsetUs = 0;
  #lastUs = 0;
  #lastAtMs = 0;

  /** The timestamp of a picture that is shown at `nowMs`, on any clock that only goes forward. */
  stamp(pts: Micros, nowMs: number): number {
    const nowUs = nowMs * 1000;
    if (this.#clockOffsetUs === undefined) {
      this.#clockOffsetUs = -nowUs;
      this.#mediaOffsetUs = -pts;
      return this.#give(0, nowMs);
    }
    const byClockUs = nowUs + this.#clockOffsetUs;
    const byMediaUs = pts + this.#mediaOffsetUs;
    const isFar = Math.abs(byMediaUs - byClockUs) > TOLERANCE_US;
    const atUs = Math.max(this.#lastUs + LEAST_STEP_US, Math.round(isFar ? byClockUs : byMediaUs));
    this.#mediaOffsetUs = atUs - pts;
    return this.#give(atUs, nowMs);
  }

  /** The timestamp of the picture shown last when it is sent again. */
  repeat(nowMs: number): number {
    const sinceUs = Math.round((nowMs - this.#lastAtMs) * 1000);
    return this.#give(this.#lastUs + Math.max(LEAST_STEP_US, sinceUs), nowMs);
  }

  #give(timestampUs: number, nowMs: number): number {
    this.#lastUs = timestampUs;
    this.#lastAtMs = nowMs;
    return timestampUs;
  }
}
