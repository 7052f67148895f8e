import { MediaError } from '../errors.ts';
import type { PictureFacts } from './bitstream-reader.ts';
import type { CodedUnit } from './coded-unit.ts';

/** A picture of a stream without times, or units missing at its place. */
export type UntimedItem =
  | {
      readonly type: 'picture';
      readonly unit: CodedUnit;
      readonly facts: PictureFacts;
      /** Pictures a second, where it is known. */
      readonly framesPerSecond: number | undefined;
      readonly mayReorder: boolean;
    }
  | { readonly type: 'loss'; readonly dropped: number };
type UntimedPicture = Extract<UntimedItem, { type: 'picture' }>;

/** Pictures that a decoder holds back at most, and the one that it gives (ITU-T H.264 A.3.1). */
const GREATEST_HOLD = 17;

/**
 * Derives times from the order of presentation at the stream's rate. How far the ranks of neighbours lie apart is the
 * encoder's choice: where pictures are reordered, the first ones are held until it shows.
 */
export class PresentationClock {
  readonly #emit: (item: UntimedItem) => void;
  #held: UntimedItem[] = [];
  /** Distance of neighbours' ranks, once it is known. */
  #step: number | undefined;
  /** Pictures given, with the missing ones between them. */
  #decoded = 0;
  #period: number | undefined;
  /** Pictures before the period in force, and before the next one. */
  #begin = 0;
  #end = 0;

  /** `emit` gets the items in the same order, the pictures with times. */
  constructor(emit: (item: UntimedItem) => void) {
    this.#emit = emit;
  }

  /** Takes the next item in decoding order. */
  push(item: UntimedItem): void {
    this.#held.push(item);
    this.#step ??= this.#findStep(false);
    if (this.#step !== undefined) this.end();
  }

  /** Gives what is held. */
  end(): void {
    this.#step ??= this.#findStep(true);
    for (const item of this.#held) this.#emit(item.type === 'picture' ? this.#timed(item) : item);
    this.#held = [];
  }

  #findStep(isEnd: boolean): number | undefined {
    const pictures = this.#held.filter((item) => item.type === 'picture');
    const last = pictures.at(-1);
    if (!last?.mayReorder || last.facts.order.type === 'time') return isEnd || last ? 1 : undefined;
    if (last.facts.order.step !== undefined) return last.facts.order.step;
    const orders = pictures.flatMap(({ facts }) => (facts.order.type === 'rank' ? [facts.order] : []));
    const period = orders[0]?.period;
    const ranks = orders.filter((order) => order.period === period).map((order) => order.rank);
    if (!isEnd && ranks.length === orders.length && orders.length < GREATEST_HOLD) return undefined;
    const first = ranks[0] ?? 0;
    return ranks.reduce((divisor, rank) => greatestDivisor(divisor, Math.abs(rank - first)), 0) || 1;
  }

  #timed(item: UntimedPicture): UntimedPicture {
    const { unit, facts } = item;
    if (facts.order.type === 'time') return { ...item, unit: { ...unit, ptsMicros: facts.order.timeMicros } };
    if (item.framesPerSecond === undefined)
      throw new MediaError('bad-request', 'the stream declares no rate; give ?fps=');
    const duration = 1e6 / item.framesPerSecond;
    this.#decoded += facts.missing;
    const place = item.mayReorder ? this.#placeOf(facts.order) : this.#decoded;
    const dtsMicros = this.#decoded * duration;
    this.#decoded += 1;
    return { ...item, unit: { ...unit, ptsMicros: place * duration, dtsMicros } };
  }

  /** The picture's place in presentation, counted in pictures. */
  #placeOf(order: { period: number; rank: number }): number {
    if (order.period !== this.#period) {
      this.#period = order.period;
      this.#begin = this.#end;
    }
    const place = this.#begin + Math.round(order.rank / (this.#step ?? 1));
    this.#end = Math.max(this.#end, place + 1);
    return place;
  }
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
