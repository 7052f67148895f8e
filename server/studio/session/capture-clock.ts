/** Relates a publication's media time to the page's clock, so that delays can be measured on one clock from end to end. */
export class CaptureClock {
  #offsetMs: number | undefined;

  /** Notes that a picture was in hand. The promptest one tells best when its media time was. */
  note(ptsUs: number, nowMs: number): void {
    const offsetMs = nowMs - ptsUs / 1000;
    this.#offsetMs = this.#offsetMs === undefined ? offsetMs : Math.min(this.#offsetMs, offsetMs);
  }

  /** How long ago a media time was, ms; `undefined` before the first note. */
  ageMs(ptsUs: number, nowMs: number): number | undefined {
    return this.#offsetMs === undefined ? undefined : nowMs - (this.#offsetMs + ptsUs / 1000);
  }
}
