/** How a clock treats pictures that are early: `live` draws nearer to the newest one, `whole` plays all at their own rate. */
export type PreviewClockMode = 'live' | 'whole';

const START_DELAY_MS = 120;
const WINDOW_MS = 4000;
/** Least lead that is kept against the next late picture. */
const RESERVE_MS = 120;
const CATCH_UP_RATE = 0.06;
/** Lead above which catching up would take too long, so that the clock jumps. */
const JUMP_LEAD_MS = 3000;

/**
 * Tells which media time to show now, from when pictures arrived. A late picture delays the clock, so that it waits once
 * and then has that much in reserve. All times are ms; arrivals and `now` are on the page's clock.
 */
export class PreviewClock {
  readonly #mode: PreviewClockMode;
  /** Page time minus media time at which a picture is shown. */
  #offsetMs: number | undefined;
  #arrivals: { readonly atMs: number; readonly dueMs: number }[] = [];
  #lastTickMs: number | undefined;
  #mediaMs = 0;

  constructor(mode: PreviewClockMode) {
    this.#mode = mode;
  }

  /** Notes that the picture of a media time has arrived. */
  arrived(mediaMs: number, nowMs: number): void {
    this.#offsetMs ??= nowMs - mediaMs + START_DELAY_MS;
    const lateMs = nowMs - (mediaMs + this.#offsetMs);
    if (lateMs > 0) this.#offsetMs += lateMs;
    this.#arrivals.push({ atMs: nowMs, dueMs: nowMs - mediaMs });
  }

  /** Media time to show; `undefined` before the first picture. Never runs back. */
  tick(nowMs: number): number | undefined {
    if (this.#offsetMs === undefined) return undefined;
    if (this.#mode === 'live') this.#catchUp(nowMs);
    this.#lastTickMs = nowMs;
    this.#mediaMs = Math.max(this.#mediaMs, nowMs - this.#offsetMs);
    return this.#mediaMs;
  }

  #catchUp(nowMs: number): void {
    const offsetMs = this.#offsetMs ?? 0;
    this.#arrivals = this.#arrivals.filter(({ atMs }) => atMs > nowMs - WINDOW_MS);
    if (this.#arrivals.length === 0) return;
    const leadMs = offsetMs - Math.max(...this.#arrivals.map(({ dueMs }) => dueMs)) - RESERVE_MS;
    if (leadMs <= 0) return;
    const stepMs = (nowMs - (this.#lastTickMs ?? nowMs)) * CATCH_UP_RATE;
    this.#offsetMs = offsetMs - (leadMs > JUMP_LEAD_MS ? leadMs : Math.min(leadMs, stepMs));
  }
}
