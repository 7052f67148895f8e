import { InterarrivalJitter } from './interarrival-jitter.ts';
import { MediaClock } from './media-clock.ts';
import { MissingPackets } from './missing-packets.ts';
import { type HeldPacket, ReorderBuffer } from './reorder-buffer.ts';
import type { ReorderingDelay } from './reordering-delay.ts';
import type { RoundTrip } from './round-trip.ts';
import { SenderClock } from './sender-clock.ts';
import { extendNumber, firstNumber, follows } from './sequence-numbers.ts';
import { type Assembled, UnitAssembler, type UnitAssemblerOptions } from './unit-assembler.ts';

/** Packets held while one before them is missing: at 400 ms more than 20 Mbit/s. */
const CAPACITY_PACKETS = 1024;

/** What became of a packet. */
export type Fate =
  | 'new'
  | 'recovered'
  | 'duplicate'
  | 'late'
  /** It does not fit the source's numbers or clock; the next packet decides what it was. */
  | 'strange';

export interface RtpSourceOptions extends UnitAssemblerOptions {
  readonly roundTrip: RoundTrip;
  readonly reordering: ReorderingDelay;
  /** Takes what the packets give, in order. */
  give(assembled: Assembled): void;
  /** Told of packets that did not come when they should have (negative: that came after all), */
  onMissing(packets: number): void;
  /** and of packets that are given up. */
  onLost(packets: number): void;
}

/** One numbering of packets on one clock: what an SSRC sends between two beginnings. */
export class RtpSource {
  readonly ssrc: number;
  readonly clock = new MediaClock();
  readonly senderClock = new SenderClock();
  readonly #options: RtpSourceOptions;
  readonly #buffer: ReorderBuffer;
  readonly #missing: MissingPackets;
  readonly #assembler: UnitAssembler;
  readonly #jitter = new InterarrivalJitter();
  #stranger: HeldPacket | undefined;
  #lastMs: number;

  /** Begins at a packet, which is still to be pushed. */
  constructor(first: HeldPacket, options: RtpSourceOptions) {
    this.ssrc = first.packet.ssrc;
    this.#lastMs = first.atMs;
    this.#options = options;
    this.#buffer = new ReorderBuffer({
      first: firstNumber(first.packet.sequenceNumber),
      capacity: CAPACITY_PACKETS,
    });
    this.#missing = new MissingPackets(options);
    this.#assembler = new UnitAssembler(options);
  }

  /** When the last packet came that fitted, ms. */
  get lastMs(): number {
    return this.#lastMs;
  }

  get jitterMs(): number {
    return this.#jitter.valueMs;
  }

  get nextDeadlineMs(): number {
    return this.#missing.nextDeadlineMs;
  }

  /** Takes a packet that the sender has sent for the first time. */
  push(held: HeldPacket): Fate {
    const { packet, atMs } = held;
    const number = extendNumber(packet.sequenceNumber, this.#buffer.end - 1);
    const isNext = number === this.#buffer.end;
    const isPlausible = isNext || this.clock.isPlausible(packet.timestamp, atMs);
    if (number === undefined || !isPlausible) return 'strange';
    const { end } = this.#buffer;
    const arrival = this.#buffer.insert(number, held);
    // A packet of the past cannot be of the present: the numbers have begun anew within the recent ones.
    if (arrival !== 'new') return this.clock.isNewest(packet.timestamp) ? 'strange' : arrival;
    const fate = this.#note({ number, end }, atMs);
    this.#jitter.measure(this.clock.extend(packet.timestamp), atMs);
    this.clock.take(packet.timestamp, atMs);
    this.#lastMs = atMs;
    this.#release();
    return fate;
  }

  /** Whether a packet fits the source's numbers and clock, were it still listened to. */
  fits({ packet, atMs }: HeldPacket): boolean {
    const number = extendNumber(packet.sequenceNumber, this.#buffer.end - 1);
    return number !== undefined && this.clock.isPlausible(packet.timestamp, atMs);
  }

  /** Takes a packet out of a retransmission. It counts only where it is missed, for no other can be told from padding. */
  recover(held: HeldPacket): Fate {
    const { packet, atMs } = held;
    const number = extendNumber(packet.sequenceNumber, this.#buffer.end - 1);
    if (number === undefined || !this.clock.isPlausible(packet.timestamp, atMs)) return 'late';
    if (!this.#missing.has(number)) return this.#buffer.has(number) ? 'duplicate' : 'late';
    this.#buffer.insert(number, held);
    this.#missing.found(number, { atMs, isRetransmission: true });
    this.#release();
    return 'recovered';
  }

  /** Takes a strange packet; if it follows another one, the sender has begun anew with the two that it gives. */
  followsStranger(held: HeldPacket): readonly HeldPacket[] {
    const before = this.#stranger;
    this.#stranger = held;
    return before && follows(before.packet.sequenceNumber, held.packet.sequenceNumber) ? [before, held] : [];
  }

  /** Gives up what has been waited for long enough. */
  advance(atMs: number): void {
    if (this.#missing.nextDeadlineMs <= atMs) this.#drain((number) => this.#missing.isOverdue(number, atMs));
  }

  /** The sequence numbers to ask for now. */
  takeDue(atMs: number): number[] {
    return this.#missing.takeDue(atMs).map((number) => number % 0x1_0000);
  }

  /** Nothing comes any more: gives what waits, with holes where packets are missing. */
  end(): void {
    this.#drain(() => true);
    for (const assembled of this.#assembler.end()) this.#options.give(assembled);
  }

  /** Keeps the account of what is missing; `end` is one more than the greatest number before this one. */
  #note({ number, end }: { number: number; end: number }, atMs: number): Fate {
    if (number >= end) {
      if (number === end) this.#options.reordering.countInOrder();
      this.#missing.add({ begin: end, end: number }, atMs);
      this.#options.onMissing(number - end);
      return 'new';
    }
    const found = this.#missing.found(number, { atMs, isRetransmission: false });
    if (found === 'overtaken') this.#options.onMissing(-1);
    return found === 'retransmitted' ? 'recovered' : 'new';
  }

  /** Gives what need not wait. Gives nothing up by the clock: behind this packet the missing one may be waiting to be read. */
  #release(): void {
    this.#drain((number) => !this.#missing.has(number));
  }

  #drain(isGivenUp: (number: number) => boolean): void {
    for (const released of this.#buffer.release(isGivenUp)) {
      if (released.type === 'hole') {
        for (let number = released.begin; number < released.end; number += 1) this.#missing.drop(number);
        this.#options.onLost(released.end - released.begin);
      }
      const assembled =
        released.type === 'hole' ? this.#assembler.hole() : this.#assembler.push(released.held);
      for (const each of assembled) this.#options.give(each);
    }
  }
}
