import { ByteQueue } from './byte-queue.ts';
import { TS_PACKET_BYTES, TS_STRIDES, TS_SYNC_BYTE } from './ts-packet.ts';

const SYNC = Uint8Array.of(TS_SYNC_BYTE);
/** Sync bytes, at equal distances, that count as packets. */
const SYNC_RUN = 3;
const GREATEST_REACH = (SYNC_RUN - 1) * Math.max(...TS_STRIDES);

/** Finds the packets of a transport stream, and finds them again after garbage. */
export class TsFramer {
  readonly #queue = new ByteQueue();
  readonly #onPacket: (packet: Uint8Array) => void;
  readonly #onGarbage: () => void;
  /** Distance between packets while in step, else 0. */
  #stride = 0;
  /** Bytes between the last packet and the next. */
  #pause = 0;

  /** `packet` borrows its 188 bytes; `garbage` is called where bytes were no packet. */
  constructor(on: { packet: (packet: Uint8Array) => void; garbage: () => void }) {
    this.#onPacket = on.packet;
    this.#onGarbage = on.garbage;
  }

  push(bytes: Uint8Array): void {
    this.#queue.append(bytes);
    while (this.#advance(false));
  }

  /** The input has ended: what waits counts as packets where it looks like them. */
  end(): void {
    while (this.#advance(true));
  }

  /** Takes one step; gives whether another may follow. */
  #advance(isEnd: boolean): boolean {
    const pause = Math.min(this.#pause, this.#queue.length);
    this.#queue.consume(pause);
    this.#pause -= pause;
    if (this.#stride === 0) return this.#search(isEnd);
    if (this.#queue.length < TS_PACKET_BYTES) return false;
    if (this.#queue.at(0) === TS_SYNC_BYTE) {
      this.#onPacket(this.#queue.view(0, TS_PACKET_BYTES));
      this.#queue.consume(TS_PACKET_BYTES);
      this.#pause = this.#stride - TS_PACKET_BYTES;
    } else {
      this.#stride = 0;
      this.#onGarbage();
    }
    return true;
  }

  /** Looks for a run of sync bytes. */
  #search(isEnd: boolean): boolean {
    const at = this.#queue.indexOf(SYNC, 0);
    this.#queue.consume(at < 0 ? this.#queue.length : at);
    const needed = isEnd ? TS_PACKET_BYTES : GREATEST_REACH + 1;
    if (at < 0 || this.#queue.length < needed) return false;
    this.#stride = TS_STRIDES.find((stride) => this.#isInStep(stride)) ?? 0;
    if (this.#stride === 0) this.#queue.consume(1);
    return true;
  }

  #isInStep(stride: number): boolean {
    for (let at = stride; at <= (SYNC_RUN - 1) * stride && at < this.#queue.length; at += stride) {
      if (this.#queue.at(at) !== TS_SYNC_BYTE) return false;
    }
    return true;
  }
}
