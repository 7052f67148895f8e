import { type Millis, millis } from '../../client-sdk/protocol/units.ts';
import { MediaError } from '../errors.ts';
import { ByteQueue } from './byte-queue.ts';
import type { CodedUnit } from './coded-unit.ts';

/** The three bytes before every element of MPEG video and of H.264 and HEVC in Annex B form. */
export const START_CODE = Uint8Array.of(0, 0, 1);

/**
 * Where an element stands to the unit in progress: it opens the next one, joins this one, or may be the beginning of
 * the next one, which a later element decides.
 */
export type Placement = 'opens' | 'joins' | 'may-open';

/** Knows, element by element, where one coded picture ends and the next begins. */
export interface PictureBoundaries {
  /** Bytes after the start code that `place` needs. */
  readonly lookaheadBytes: number;
  /** Whether a zero byte before a start code belongs to it (ITU-T H.264 B.1.1), not to the element before. */
  readonly hasZeroByte: boolean;
  /** Places the next element by its first bytes (it may be shorter). */
  place(head: Uint8Array): Placement;
  /** Sees an element as a whole, once it has ended. */
  complete(element: Uint8Array): void;
  /** Whether the unit in progress holds a coded picture. */
  readonly hasPicture: boolean;
  /** The unit in progress has been taken or dropped. */
  reset(): void;
}

/** Times that belong to the first unit that begins at or after an offset of the stream. */
interface TimeMark {
  readonly offset: number;
  readonly ptsMicros: number;
  readonly dtsMicros: number;
}

/** Cuts an elementary stream with start codes into units, in linear time, as its bytes come. */
export class StartCodeSplitter {
  readonly #boundaries: PictureBoundaries;
  readonly #maxUnitBytes: number;
  readonly #emit: (unit: CodedUnit) => void;
  /** From the beginning of the unit in progress on. */
  readonly #queue = new ByteQueue();
  /** Offset in the stream of the queue's first byte. */
  #base = 0;
  /** No start code begins before this offset of the queue, but those known. */
  #searched = 0;
  /** Payload of the element in progress, or -1 before the first start code. */
  #element = -1;
  /** Where the next unit may have begun, or -1. */
  #tentative = -1;
  #marks: TimeMark[] = [];
  /** Ends of arrivals, as stream offsets, with their times. */
  #arrivals: { end: number; at: Millis }[] = [];

  constructor(
    boundaries: PictureBoundaries,
    options: { maxUnitBytes: number; emit: (unit: CodedUnit) => void },
  ) {
    this.#boundaries = boundaries;
    this.#maxUnitBytes = options.maxUnitBytes;
    this.#emit = options.emit;
  }

  /** Times of the first unit that begins in the bytes that follow. */
  mark(times: { ptsMicros: number; dtsMicros: number }): void {
    const offset = this.#base + this.#queue.length;
    // Of the marks before the unit in progress only the last can matter.
    const last = this.#marks.findLastIndex((mark) => mark.offset <= this.#base);
    this.#marks = this.#marks.filter((mark, at) => at >= last && mark.offset !== offset);
    this.#marks.push({ offset, ...times });
  }

  /** Takes the next bytes, which it borrows. */
  push(bytes: Uint8Array, received: Millis): void {
    this.#queue.append(bytes);
    const end = this.#base + this.#queue.length;
    const last = this.#arrivals.at(-1);
    if (last && last.at === received) last.end = end;
    else this.#arrivals.push({ end, at: received });
    this.#advance(false);
    if (this.#queue.length > this.#maxUnitBytes + this.#boundaries.lookaheadBytes + 4) this.#refuse();
  }

  /** The unit in progress is complete: gives it, if it holds a picture. Returns whether one was given. */
  flush(): boolean {
    this.#advance(true);
    if (!this.#boundaries.hasPicture) return false;
    this.#completeElement(this.#queue.length);
    this.#take(this.#queue.length);
    this.#boundaries.reset();
    this.#element = -1;
    this.#tentative = -1;
    return true;
  }

  /** Drops what waits; goes on at the next start code. */
  reset(): void {
    this.#discard(this.#queue.length);
    this.#marks = [];
    this.#boundaries.reset();
    this.#element = -1;
    this.#tentative = -1;
  }

  #advance(isEnd: boolean): void {
    for (;;) {
      const code = this.#queue.indexOf(START_CODE, this.#searched);
      if (code < 0) {
        this.#searched = Math.max(this.#searched, this.#queue.length - 2);
        // Three bytes may be the beginning of a start code and its zero byte.
        if (this.#element < 0) this.#discard(Math.max(0, this.#queue.length - 3));
        return;
      }
      const payload = code + START_CODE.length;
      if (!isEnd && this.#queue.length < payload + this.#boundaries.lookaheadBytes) {
        this.#searched = code;
        return;
      }
      this.#enter(code);
    }
  }

  /** Handles the element whose start code begins at an offset of the queue. */
  #enter(code: number): void {
    const begin = this.#beginOf(code);
    if (this.#element < 0) {
      this.#discard(begin);
      this.#place(0, code - begin + START_CODE.length);
    } else {
      this.#completeElement(begin);
      this.#place(begin, code + START_CODE.length);
    }
  }

  #place(begin: number, payload: number): void {
    this.#element = payload;
    this.#searched = payload;
    const head = this.#queue.view(payload, payload + this.#boundaries.lookaheadBytes);
    const place = this.#boundaries.place(head);
    if (place === 'may-open') {
      if (this.#tentative < 0) this.#tentative = begin;
      return;
    }
    const cut = this.#tentative < 0 ? begin : this.#tentative;
    this.#tentative = -1;
    if (place === 'opens' && cut > 0) this.#take(cut);
  }

  /** A zero byte before a start code belongs to it, unless the container says that a packet begins between them. */
  #beginOf(code: number): number {
    if (!this.#boundaries.hasZeroByte) return code;
    const isMarked = this.#marks.some((mark) => mark.offset === this.#base + code);
    return code > Math.max(0, this.#element) && this.#queue.at(code - 1) === 0 && !isMarked ? code - 1 : code;
  }

  #completeElement(end: number): void {
    if (this.#element >= 0) this.#boundaries.complete(this.#queue.view(this.#element, end));
  }

  /** Gives the first `length` bytes of the queue as a unit. */
  #take(length: number): void {
    if (length > this.#maxUnitBytes) this.#refuse();
    const end = this.#base + length;
    const received = this.#arrivals.find((arrival) => arrival.end >= end)?.at ?? millis(0);
    const times = this.#marks.findLast((mark) => mark.offset <= this.#base);
    if (times) this.#marks = this.#marks.filter((mark) => mark.offset > this.#base);
    const data = this.#queue.view(0, length).slice();
    this.#discard(length);
    this.#emit({ data, received, ptsMicros: times?.ptsMicros, dtsMicros: times?.dtsMicros });
  }

  #discard(count: number): void {
    this.#queue.consume(count);
    this.#base += count;
    this.#searched = Math.max(0, this.#searched - count);
    if (this.#element >= 0) this.#element = Math.max(0, this.#element - count);
    const kept = this.#arrivals.findIndex((arrival) => arrival.end > this.#base);
    this.#arrivals.splice(0, kept < 0 ? this.#arrivals.length : kept);
  }

  #refuse(): never {
    throw new MediaError(
      'unit-too-large',
      `an access unit is at most ${this.#maxUnitBytes} bytes, got more than that without an end`,
    );
  }
}
