import type { KeyframeState } from './rtp-receiver.ts';

/** Least time between two requests, which is also the time after which one is repeated, ms. */
const INTERVAL_MS = 500;
/** Requests without an answer after which the sender counts as one that ignores them, and is asked less often. */
const PATIENCE = 6;
const GREATEST_INTERVAL_MS = 4000;
/** Requests of each run that are picture loss indications; then full intra requests take turns with them. */
const FIRST_PLIS = 2;
/** Silence of a sender that is not asked, ms. */
const SILENCE_MS = 1000;

export interface KeyframeRequestsOptions {
  /** A keyframe is wanted where none came for this long; 0: never. */
  readonly keyframeIntervalMs: number;
  send(kind: 'pli' | 'fir'): void;
}

/** Asks a sender for keyframes: at once when one is needed, again until it comes, and less often where it never does. */
export class KeyframeRequests {
  readonly #options: KeyframeRequestsOptions;
  #isWanted = false;
  /** No request goes out before this time, by the throttle, */
  #nextMs = 0;
  /** nor before this one while a keyframe is on its way. */
  #quietUntilMs = 0;
  #lastKeyframeMs: number | undefined;
  #lastHeardMs: number | undefined;
  /** Requests since a keyframe was last seen. */
  #unanswered = 0;
  #ignored = 0;

  constructor(options: KeyframeRequestsOptions) {
    this.#options = options;
  }

  get state(): KeyframeState {
    if (!this.#isWanted) return 'idle';
    return this.#unanswered >= PATIENCE ? 'ignored' : 'asked';
  }

  /** Requests that were repeated because no keyframe came. */
  get ignored(): number {
    return this.#ignored;
  }

  /** When the next request is due. */
  get nextDeadlineMs(): number {
    const heardMs = this.#lastHeardMs;
    if (heardMs === undefined) return Number.POSITIVE_INFINITY;
    const dueMs = Math.max(this.#nextMs, this.#isWanted ? this.#quietUntilMs : this.#intervalEndMs);
    return dueMs > heardMs + SILENCE_MS ? Number.POSITIVE_INFINITY : dueMs;
  }

  /** A keyframe is needed; if one was on its way, it is of no use. */
  want(): void {
    this.#isWanted = true;
    this.#quietUntilMs = 0;
  }

  /** A packet came. */
  hear(atMs: number): void {
    const isBack = this.#lastHeardMs !== undefined && atMs > this.#lastHeardMs + SILENCE_MS;
    this.#lastHeardMs = atMs;
    this.#lastKeyframeMs ??= atMs;
    if (isBack) this.#restart(atMs);
  }

  /** A packet of a keyframe came: the sender does answer, so the next request can wait whether this one gets through. */
  announce(atMs: number): void {
    this.#unanswered = 0;
    this.#quietUntilMs = atMs + INTERVAL_MS;
  }

  /** A keyframe is there, whole. */
  satisfy(atMs: number): void {
    this.#isWanted = false;
    this.#unanswered = 0;
    this.#lastKeyframeMs = atMs;
  }

  /** Sends what is due. */
  advance(atMs: number): void {
    if (atMs < this.nextDeadlineMs) return;
    this.#isWanted = true;
    if (this.#unanswered > 0) this.#ignored += 1;
    this.#unanswered += 1;
    const doublings = Math.max(0, this.#unanswered - PATIENCE);
    this.#nextMs = atMs + Math.min(GREATEST_INTERVAL_MS, INTERVAL_MS * 2 ** doublings);
    this.#options.send(this.#unanswered > FIRST_PLIS && this.#unanswered % 2 === 1 ? 'fir' : 'pli');
  }

  /** After a silence what was asked before it counts for nothing. */
  #restart(atMs: number): void {
    this.#unanswered = 0;
    this.#nextMs = Math.min(this.#nextMs, atMs);
  }

  get #intervalEndMs(): number {
    const { keyframeIntervalMs } = this.#options;
    if (keyframeIntervalMs <= 0 || this.#lastKeyframeMs === undefined) return Number.POSITIVE_INFINITY;
    return this.#lastKeyframeMs + keyframeIntervalMs;
  }
}
