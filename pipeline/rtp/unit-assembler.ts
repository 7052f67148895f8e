import type { Depacketizer } from './depacketizer.ts';
import type { HeldPacket } from './reorder-buffer.ts';

/** An access unit with what its packets say of it. */
export interface AssembledUnit {
  readonly type: 'unit';
  readonly data: Uint8Array;
  readonly isKeyframe: boolean;
  readonly payloadType: number;
  readonly timestamp: number;
  /** Arrival of the last of its packets to come, ms on the stage's clock. */
  readonly atMs: number;
}

/** What packets in order give. */
export type Assembled =
  | AssembledUnit
  /** A unit that cannot be given, and maybe more of which no packet came. */
  | { readonly type: 'lost' }
  | { readonly type: 'refused'; readonly detail: string };

export interface UnitAssemblerOptions {
  /** Larger units count as lost. */
  readonly maxUnitBytes: number;
  /** The depacketizer of a negotiated payload type. */
  depacketizerOf(payloadType: number): Depacketizer;
}

/** The packets of one timestamp so far. */
interface OpenUnit {
  readonly timestamp: number;
  readonly payloadType: number;
  readonly isAfterHole: boolean;
  readonly payloads: Uint8Array[];
  bytes: number;
  atMs: number;
}

/**
 * Cuts a source's packets, in order, into access units: by timestamp and marker, and by what the payload format says
 * of beginnings and ends. What is not provably whole is reported as lost, never given.
 */
export class UnitAssembler {
  readonly #options: UnitAssemblerOptions;
  #open: OpenUnit | undefined;
  /** The packet before the next one is missing. */
  #isAfterHole = true;
  /** The unit that was given or lost last; of what else comes with its timestamp nothing can be made. */
  #done: { readonly timestamp: number; readonly isGiven: boolean } | undefined;
  /** The sender sets the marker within units too. */
  #areMarkersFalse = false;

  constructor(options: UnitAssemblerOptions) {
    this.#options = options;
  }

  /** Takes the next packet. */
  *push(held: HeldPacket): Generator<Assembled> {
    const { packet, atMs } = held;
    if (packet.payload.length === 0) return;
    if (this.#open && this.#open.timestamp !== packet.timestamp) yield this.#close();
    const isAfterHole = this.#isAfterHole;
    this.#isAfterHole = false;
    if (!this.#open && this.#done?.timestamp === packet.timestamp) {
      if (this.#done.isGiven) yield this.#retract();
      return;
    }
    const { timestamp, payloadType } = packet;
    this.#open ??= { timestamp, payloadType, isAfterHole, payloads: [], bytes: 0, atMs };
    this.#open.payloads.push(packet.payload);
    this.#open.bytes += packet.payload.length;
    this.#open.atMs = Math.max(this.#open.atMs, atMs);
    if (this.#open.bytes > this.#options.maxUnitBytes || payloadType !== this.#open.payloadType)
      yield this.#lose();
    else if (packet.marker && !this.#areMarkersFalse) yield this.#close();
  }

  /** Packets are missing here. */
  *hole(): Generator<Assembled> {
    this.#isAfterHole = true;
    yield this.#lose();
  }

  /** Nothing follows: an open unit has lost its end. */
  *end(): Generator<Assembled> {
    if (this.#open) yield this.#lose();
  }

  #close(): Assembled {
    const unit = this.#open;
    if (!unit) return { type: 'lost' };
    const { timestamp, payloadType, isAfterHole, payloads, atMs } = unit;
    const made = this.#options.depacketizerOf(payloadType).depacketize(payloads, { isAfterHole });
    if (made.type === 'broken') return this.#lose();
    this.#open = undefined;
    this.#done = { timestamp, isGiven: true };
    return made.type === 'refused' ? made : { ...made, payloadType, timestamp, atMs };
  }

  #lose(): Assembled {
    if (this.#open) this.#done = { timestamp: this.#open.timestamp, isGiven: false };
    this.#open = undefined;
    return { type: 'lost' };
  }

  /** A unit that was given turns out to go on: from now on only a new timestamp ends one. */
  #retract(): Assembled {
    this.#areMarkersFalse = true;
    if (this.#done) this.#done = { ...this.#done, isGiven: false };
    return { type: 'lost' };
  }
}
