import { type Micros, micros } from '../../client-sdk/protocol/units.ts';

/** A unit's times as the source gives them, µs on its clock, unwrapped, not rounded. */
export interface SourceTimes {
  readonly ptsMicros?: number | undefined;
  readonly dtsMicros?: number | undefined;
}

/** Where a unit stands on the stream's clock. */
export type Place =
  | { readonly type: 'placed'; readonly pts: Micros; readonly isJump: boolean }
  /**
   * Presented before the first picture of the stream, or of the stretch after a jump: a leading picture of an open GOP whose
   * references were never received. It belongs to no clip and is left out.
   */
  | { readonly type: 'leading' };

const GREATEST_STEP_MICROS = 10_000_000;
/** How far presentation times without decoding times may go back by reordering: 16 pictures (ITU-T H.264 A.3.1) at 16 a second. */
const REORDERING_MICROS = 1_000_000;
const DEFAULT_DURATION_MICROS = 40_000;
/** Units among which a presentation time is not given twice; a decoder reorders over 16 at most. */
const RECENT_UNITS = 64;

/**
 * Turns source times into presentation times from 0 at the first picture, each given once. A jump of the source (back,
 * or more than 10 s forward) is reported, and time goes on one picture after the last.
 */
export class Timeline {
  /** Stream time minus source time. */
  #offset: number | undefined;
  /** Time that decides on jumps: decoding time where there is one. */
  #last = 0;
  #duration = DEFAULT_DURATION_MICROS;
  /** The next unit comes from another clock. */
  #isClockNew = false;
  /** Beginning of the stretch since the last jump, and the end of everything placed, on the stream's clock. */
  #begin = 0;
  #end = 0;
  readonly #recent: number[] = [];

  /** The source's clock begins anew with the next unit, wherever that puts it. */
  restart(): void {
    this.#isClockNew = true;
  }

  /** Places the next unit in decoding order. */
  place(times: SourceTimes, options: { framesPerSecond: number | undefined; mayReorder: boolean }): Place {
    if (options.framesPerSecond !== undefined) this.#duration = 1e6 / options.framesPerSecond;
    const pts = times.ptsMicros ?? times.dtsMicros ?? this.#last + this.#duration;
    const clock = times.dtsMicros ?? pts;
    const tolerance = times.dtsMicros === undefined && options.mayReorder ? REORDERING_MICROS : 0;
    const isJump = this.#offset !== undefined && (this.#isClockNew || this.#isJump(clock, tolerance));
    this.#isClockNew = false;
    if (this.#offset === undefined || isJump) {
      this.#begin = this.#end;
      this.#offset = this.#end - pts;
      this.#last = clock;
    } else {
      this.#follow(clock, options.framesPerSecond);
    }
    return this.#placeAt(Math.round(pts + this.#offset), isJump);
  }

  #isJump(clock: number, tolerance: number): boolean {
    return clock < this.#last - tolerance || clock > this.#last + GREATEST_STEP_MICROS;
  }

  #follow(clock: number, framesPerSecond: number | undefined): void {
    const step = clock - this.#last;
    if (framesPerSecond === undefined && step > 0 && step < REORDERING_MICROS) this.#duration = step;
    this.#last = Math.max(this.#last, clock);
  }

  #placeAt(wanted: number, isJump: boolean): Place {
    if (wanted < this.#begin) return { type: 'leading' };
    let pts = wanted;
    while (this.#recent.includes(pts)) pts += 1;
    this.#recent.push(pts);
    if (this.#recent.length > RECENT_UNITS) this.#recent.shift();
    this.#end = Math.max(this.#end, Math.round(pts + this.#duration));
    return { type: 'placed', pts: micros(pts), isJump };
  }
}
