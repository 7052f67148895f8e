import type { HeldPacket } from './reorder-buffer.ts';
import type { RtpSource } from './rtp-source.ts';

/** A source that was left is listened to again once the present one has been silent for this long, ms. */
const RETURN_MS = 1000;
/** Sources that are remembered as left, and retransmission streams as known. */
const GREATEST_MEMORY = 32;

/** Decides which SSRC is listened to: the newest that has appeared. */
export class SourceSwitch {
  readonly #open: (first: HeldPacket) => RtpSource;
  readonly #left = new Set<number>();
  /** The media's SSRC that each retransmission SSRC was first seen with. */
  readonly #retransmits = new Map<number, number>();
  #source: RtpSource | undefined;
  /** The source before, for as long as its packets may still be on their way. */
  #before: { readonly source: RtpSource; readonly untilMs: number } | undefined;

  /** `open` begins a source at a packet that is still to be pushed. */
  constructor(open: (first: HeldPacket) => RtpSource) {
    this.#open = open;
  }

  /** The source that is listened to. */
  get current(): RtpSource | undefined {
    return this.#source;
  }

  /** The source that takes a packet of media; `undefined` where it comes from one that was left. */
  sourceOf(held: HeldPacket): RtpSource | undefined {
    const { ssrc } = held.packet;
    const current = this.#source;
    if (current?.ssrc === ssrc) return current;
    if (this.#left.has(ssrc) && current && held.atMs < current.lastMs + RETURN_MS) return undefined;
    this.#left.delete(ssrc);
    if (current) remember(this.#left, current.ssrc);
    return this.begin(held);
  }

  /** Begins a source anew, of the same SSRC or another. */
  begin(first: HeldPacket): RtpSource {
    this.#before = this.#source && { source: this.#source, untilMs: first.atMs + RETURN_MS };
    this.#source = this.#open(first);
    return this.#source;
  }

  /** Whether a packet that is strange to the present source is a late one of the source before. */
  isOfBefore(held: HeldPacket): boolean {
    return this.#before !== undefined && held.atMs < this.#before.untilMs && this.#before.source.fits(held);
  }

  /** The source whose packets a retransmission SSRC repeats; `undefined` where it repeats one that was left. */
  retransmittedBy(ssrc: number): RtpSource | undefined {
    const current = this.#source;
    if (!current) return undefined;
    const known = this.#retransmits.get(ssrc);
    if (known === undefined && this.#retransmits.size < GREATEST_MEMORY)
      this.#retransmits.set(ssrc, current.ssrc);
    return (known ?? current.ssrc) === current.ssrc ? current : undefined;
  }
}

function remember(set: Set<number>, value: number): void {
  set.add(value);
  const [oldest] = set;
  if (set.size > GREATEST_MEMORY && oldest !== undefined) set.delete(oldest);
}
