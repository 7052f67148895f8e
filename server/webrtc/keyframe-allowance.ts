/** Shortest and longest time between two keyframes that one viewer may cause, ms. */
const SHORTEST_MS = 500;
const LONGEST_MS = 8000;

/**
 * Which of a viewer's keyframe requests are passed on. All viewers share each keyframe and pay for it, so one whose
 * reception stays bad asks less and less often; after a while without requests it is heard at once again.
 */
export class KeyframeAllowance {
  #intervalMs = SHORTEST_MS;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** Whether a request at this time, on any clock that only goes forward, is passed on. */
  take(nowMs: number): boolean {
    const sinceMs = nowMs - this.#lastMs;
    if (sinceMs < this.#intervalMs) return false;
    this.#intervalMs = sinceMs > 2 * LONGEST_MS ? SHORTEST_MS : Math.min(LONGEST_MS, 2 * this.#intervalMs);
    this.#lastMs = nowMs;
    return true;
  }
}
