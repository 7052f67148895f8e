import type { RtpPacketView } from './rtp-packet.ts';

/** Numbers whose fate is remembered; more than a packet may lag. */
const MEMORY = 4096;
const PENDING = 0;
const RECEIVED = 1;

/** A packet with its time of arrival, ms on the stage's clock. */
export interface HeldPacket {
  readonly packet: RtpPacketView;
  readonly atMs: number;
}

/** What leaves the buffer, in order: a packet, or the place of packets that never came. */
export type Released =
  | { readonly type: 'packet'; readonly held: HeldPacket }
  /** Missing from number `begin` up to, not including, `end`. */
  | { readonly type: 'hole'; readonly begin: number; readonly end: number };

/** What a packet was to the buffer; `late` where it had been given up, or lies before the first packet. */
export type Arrival = 'new' | 'duplicate' | 'late';

/** Puts packets in order. They pass at once while nothing is missing before them. */
export class ReorderBuffer {
  readonly #capacity: number;
  readonly #held = new Map<number, HeldPacket>();
  readonly #fates = new Uint8Array(MEMORY);
  /** The next number to leave. */
  #head: number;
  /** One more than the greatest number so far. */
  #end: number;

  /** Begins at a number; holds at most `capacity` packets. */
  constructor(options: { first: number; capacity: number }) {
    this.#capacity = options.capacity;
    this.#head = options.first;
    this.#end = options.first;
  }

  /** One more than the greatest number so far. */
  get end(): number {
    return this.#end;
  }

  /** Packets that wait. */
  get size(): number {
    return this.#held.size;
  }

  /** Whether a packet has come; of numbers long past it is not known any more. */
  has(number: number): boolean {
    return number < this.#end && number >= this.#end - MEMORY && this.#fates[number % MEMORY] === RECEIVED;
  }

  /** Takes a packet by its extended number. */
  insert(number: number, held: HeldPacket): Arrival {
    if (this.has(number)) return 'duplicate';
    if (number < this.#head) return 'late';
    for (; this.#end <= number; this.#end += 1) this.#fates[this.#end % MEMORY] = PENDING;
    this.#fates[number % MEMORY] = RECEIVED;
    this.#held.set(number, held);
    return 'new';
  }

  /** Gives what may leave; `isGivenUp` decides on each missing number that stands in the way. */
  *release(isGivenUp: (number: number) => boolean): Generator<Released> {
    for (;;) {
      const begin = this.#head;
      while (this.#isHole(this.#head) && (this.#isFull || isGivenUp(this.#head))) this.#head += 1;
      if (this.#head > begin) yield { type: 'hole', begin, end: this.#head };
      const held = this.#held.get(this.#head);
      if (!held) return;
      this.#held.delete(this.#head);
      this.#head += 1;
      yield { type: 'packet', held };
    }
  }

  #isHole(number: number): boolean {
    return number < this.#end && !this.#held.has(number);
  }

  get #isFull(): boolean {
    return this.#held.size > this.#capacity;
  }
}
