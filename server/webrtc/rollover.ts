/** Half of the sequence numbers: a number that far ahead is taken for one behind. */
const HALF = 1 << 15;
const ALL = 1 << 16;

/** How often a source's sequence numbers have wrapped (RFC 3711 3.3.1), learned from authentic packets only. */
export class Rollover {
  /** Sequence number with its wraps. */
  #highest: number | undefined;

  /** The most likely count of wraps for a packet. */
  guess(sequenceNumber: number): number {
    if (this.#highest === undefined) return 0;
    const highest = this.#highest % ALL;
    const wraps = Math.floor(this.#highest / ALL);
    if (sequenceNumber - highest > HALF) return Math.max(0, wraps - 1);
    return highest - sequenceNumber > HALF ? wraps + 1 : wraps;
  }

  /** Notes that a packet was authentic under the guess. */
  confirm(sequenceNumber: number, wraps: number): void {
    this.#highest = Math.max(this.#highest ?? 0, wraps * ALL + sequenceNumber);
  }
}
