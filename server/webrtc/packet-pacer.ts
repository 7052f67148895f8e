import type { OutgoingRtp } from './peer.ts';

export interface PacketPacerOptions {
  /** Packets that may leave at once, and then again after each interval. */
  readonly packetsPerBurst: number;
  readonly intervalMs: number;
  /** Milliseconds on any clock that only goes forward. */
  readonly now: () => number;
  /** Calls back later; the result cancels. */
  readonly schedule: (task: () => void, delayMs: number) => () => void;
  readonly send: (packet: OutgoingRtp) => void;
}

/** Spreads the packets of large pictures over a few milliseconds, so that they do not overrun a peer's network. */
export class PacketPacer {
  readonly #options: PacketPacerOptions;
  #waiting: OutgoingRtp[] = [];
  #left: number;
  #burstMs = Number.NEGATIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;

  constructor(options: PacketPacerOptions) {
    this.#options = options;
    this.#left = options.packetsPerBurst;
  }

  /** Packets that have not left yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Sends packets in their order, now or as soon as it is their turn. */
  push(packets: readonly OutgoingRtp[]): void {
    this.#waiting.push(...packets);
    if (this.#cancelTimer === undefined) this.#send();
  }

  /** Gives up what waits. */
  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#waiting = [];
  }

  #send(): void {
    const { packetsPerBurst, intervalMs, now, schedule, send } = this.#options;
    if (now() - this.#burstMs >= intervalMs) {
      this.#burstMs = now();
      this.#left = packetsPerBurst;
    }
    const due = this.#waiting.splice(0, this.#left);
    this.#left -= due.length;
    for (const packet of due) send(packet);
    if (this.#waiting.length === 0) return;
    this.#cancelTimer = schedule(() => {
      this.#cancelTimer = undefined;
      this.#send();
    }, intervalMs);
  }
}
