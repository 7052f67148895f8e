import type { ReorderingDelay } from './reordering-delay.ts';
import type { RoundTrip } from './round-trip.ts';

/** Requests for one packet. */
const GREATEST_TRIES = 10;
/** Least time between two requests for one packet, ms: a scheduler's tick and a sender's pacing. */
const LEAST_INTERVAL_MS = 20;
/** Packets of one hole beyond which asking again would only add to the congestion that made it: none of them is waited for. */
const GREATEST_HOLE = 300;
/** Bounds of the time that a missing packet is waited for, ms, and that time in round trips. */
const LEAST_HOLD_MS = 200;
const GREATEST_HOLD_MS = 400;
const HOLD_ROUND_TRIPS = 3.5;

interface Missing {
  readonly sinceMs: number;
  tries: number;
  firstAskedMs: number;
  nextTryMs: number;
}

/** How a missing packet came after all. */
export type Return = 'overtaken' | 'retransmitted';

/** The numbers that are waited for: when to ask for each again, and when to give it up. */
export class MissingPackets {
  readonly #roundTrip: RoundTrip;
  readonly #reordering: ReorderingDelay;
  /** In ascending order, since holes are noticed at the front. */
  readonly #missing = new Map<number, Missing>();

  constructor(path: { roundTrip: RoundTrip; reordering: ReorderingDelay }) {
    this.#roundTrip = path.roundTrip;
    this.#reordering = path.reordering;
  }

  /** Adds the numbers from `begin` up to, not including, `end`, unless they are too many. */
  add(hole: { begin: number; end: number }, atMs: number): void {
    if (hole.end - hole.begin > GREATEST_HOLE) return;
    const nextTryMs = atMs + this.#reordering.valueMs;
    for (let number = hole.begin; number < hole.end; number += 1)
      this.#missing.set(number, { sinceMs: atMs, tries: 0, firstAskedMs: 0, nextTryMs });
  }

  /** Whether the packet is waited for. */
  has(number: number): boolean {
    return this.#missing.has(number);
  }

  /** The packet has come; tells how, and learns from it. `isRetransmission` where the packet itself says so. */
  found(
    number: number,
    { atMs, isRetransmission }: { atMs: number; isRetransmission: boolean },
  ): Return | undefined {
    const missing = this.#missing.get(number);
    if (!missing) return undefined;
    this.#missing.delete(number);
    const sinceAskedMs = atMs - missing.firstAskedMs;
    // Without RFC 4588 an answer looks like the packet itself; nothing answers faster than the path allows.
    const isAnswer = isRetransmission || (missing.tries > 0 && sinceAskedMs >= this.#roundTrip.valueMs / 2);
    if (isAnswer && missing.tries === 1) this.#roundTrip.measure(sinceAskedMs);
    if (!isAnswer) this.#reordering.measure(atMs - missing.sinceMs);
    return isAnswer ? 'retransmitted' : 'overtaken';
  }

  /** The packet is not waited for any more. */
  drop(number: number): void {
    this.#missing.delete(number);
  }

  /** Whether the packet has been waited for long enough. */
  isOverdue(number: number, atMs: number): boolean {
    const missing = this.#missing.get(number);
    return !missing || atMs >= missing.sinceMs + this.#holdMs;
  }

  /** The numbers to ask for now, in ascending order; counts them as asked for. */
  takeDue(atMs: number): number[] {
    const due: number[] = [];
    for (const [number, missing] of this.#missing) {
      if (missing.nextTryMs > atMs) continue;
      if (missing.tries === 0) missing.firstAskedMs = atMs;
      missing.tries += 1;
      const intervalMs = Math.max(LEAST_INTERVAL_MS, this.#roundTrip.valueMs);
      missing.nextTryMs = missing.tries < GREATEST_TRIES ? atMs + intervalMs : Number.POSITIVE_INFINITY;
      due.push(number);
    }
    return due;
  }

  /** When a number is to be asked for or given up. */
  get nextDeadlineMs(): number {
    const holdMs = this.#holdMs;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { sinceMs, nextTryMs } of this.#missing.values())
      nextMs = Math.min(nextMs, nextTryMs, sinceMs + holdMs);
    return nextMs;
  }

  get #holdMs(): number {
    const wantedMs = HOLD_ROUND_TRIPS * this.#roundTrip.valueMs + this.#reordering.valueMs;
    return Math.min(GREATEST_HOLD_MS, Math.max(LEAST_HOLD_MS, wantedMs));
  }
}
