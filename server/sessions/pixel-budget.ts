import { availableParallelism } from 'node:os';
import { OverloadedError } from '../../pipeline/errors.ts';

/** Two 720p30 streams a processor, the most that lose next to nothing where previews give way (test/bench/full-load.ts). */
const PIXELS_PER_SECOND_AND_PROCESSOR = 60_000_000;

/** What the processors that this process may use are good for. */
export const defaultPixelsPerSecond = (): number => availableParallelism() * PIXELS_PER_SECOND_AND_PROCESSOR;

/** The pixels a second that all live publishers together may send. */
export class PixelBudget {
  readonly #maxPixelsPerSecond: number;
  readonly #reserved = new Map<string, number>();

  constructor(maxPixelsPerSecond: number) {
    this.#maxPixelsPerSecond = maxPixelsPerSecond;
  }

  /** Pixels a second in use. */
  get reserved(): number {
    return [...this.#reserved.values()].reduce((sum, load) => sum + load, 0);
  }

  /** Whether nothing more can be taken in. */
  get isFull(): boolean {
    return this.reserved >= this.#maxPixelsPerSecond;
  }

  /** Sets what a holder uses in place of what it used before. Throws an `OverloadedError` where that is too much. */
  reserve(holder: string, pixelsPerSecond: number): void {
    const others = this.reserved - (this.#reserved.get(holder) ?? 0);
    if (others + pixelsPerSecond > this.#maxPixelsPerSecond) {
      throw new OverloadedError(
        `all live publishers together may send ${this.#maxPixelsPerSecond} pixels a second: ${Math.round(others)} are in use, ${Math.round(pixelsPerSecond)} were wanted`,
      );
    }
    this.#reserved.set(holder, pixelsPerSecond);
  }

  /** Gives back what a holder uses. */
  release(holder: string): void {
    this.#reserved.delete(holder);
  }
}
