/** Counts the access units that are missing between two that were given, as far as timestamps and packets tell. */
export class LossEstimate {
  /** Units known to be lost, and packets that are missing, since the last unit that was given. */
  #units = 0;
  #packets = 0;
  #lastTicks: number | undefined;
  /** Smallest distance of two neighbours. */
  #stepTicks: number | undefined;

  /** A unit is lost. */
  lose(): void {
    this.#units += 1;
  }

  /** Packets are missing, each of which may have been a unit. */
  miss(packets: number): void {
    this.#packets += packets;
  }

  /** What follows is on another clock. */
  restart(): void {
    this.#lastTicks = undefined;
  }

  /** A unit of this extended timestamp is about to be given; the number of those that are missing before it. */
  take(ticks: number): number {
    const dropped = this.#units > 0 ? this.#countUpTo(ticks) : 0;
    const step = ticks - (this.#lastTicks ?? ticks);
    if (this.#units === 0 && step > 0) this.#stepTicks = Math.min(step, this.#stepTicks ?? step);
    this.#lastTicks = ticks;
    this.#units = 0;
    this.#packets = 0;
    return dropped;
  }

  /** Nothing follows: what is known to be missing. */
  end(): number {
    const dropped = this.#units;
    this.#units = 0;
    return dropped;
  }

  #countUpTo(ticks: number): number {
    if (this.#lastTicks === undefined || this.#stepTicks === undefined) return this.#units;
    const missing = Math.round((ticks - this.#lastTicks) / this.#stepTicks) - 1;
    return Math.max(1, Math.min(missing, this.#units + this.#packets));
  }
}
