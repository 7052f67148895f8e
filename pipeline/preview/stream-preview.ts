import { type Observable, Subject } from 'rxjs';
import type { JournalMessage, StartMessage } from '../../client-sdk/protocol/messages.ts';
import { Pacer } from './pacer.ts';
import type { Preview, PreviewPicture } from './preview.ts';
import { PreviewQueue, picturesOf } from './preview-queue.ts';

/** What previews measure time with, and what they are bounded by. */
export interface PreviewPace {
  /** Milliseconds on any clock that only goes forward. */
  readonly now: () => number;
  /** Calls back later; the result cancels. */
  readonly schedule: (task: () => void, delayMs: number) => () => void;
  /** Messages that may wait for the thread. */
  readonly maxWaiting: number;
  /** Longest that a picture that was made is held back, milliseconds. */
  readonly maxDelayMs: number;
  /** Pictures that may be held back. */
  readonly maxHeld: number;
}

/** The preview of one stream: its waiting messages before the thread, its pictures at their pace behind it. */
export class StreamPreview implements Preview {
  readonly #pictures = new Subject<PreviewPicture>();
  readonly #queue: PreviewQueue;
  readonly #pacer: Pacer<PreviewPicture>;
  readonly #onWork: () => void;
  readonly #onClose: () => Promise<void>;
  #start: StartMessage | undefined;
  #latest: PreviewPicture | undefined;
  #made = 0;
  #overtaken = 0;
  #closing: Promise<void> | undefined;

  /** `onWork` is called when there is a message to take, `onClose` once at the end. */
  constructor(pace: PreviewPace, on: { work: () => void; close: () => Promise<void> }) {
    this.#onWork = on.work;
    this.#onClose = on.close;
    this.#queue = new PreviewQueue({ capacity: pace.maxWaiting });
    this.#pacer = new Pacer({
      maxDelayMs: pace.maxDelayMs,
      capacity: pace.maxHeld,
      now: pace.now,
      schedule: pace.schedule,
      emit: (picture) => {
        this.#latest = picture;
        this.#pictures.next(picture);
      },
      onDrop: () => {
        this.#overtaken += 1;
      },
    });
  }

  get pictures$(): Observable<PreviewPicture> {
    return this.#pictures.asObservable();
  }

  get latest(): PreviewPicture | undefined {
    return this.#latest;
  }

  get made(): number {
    return this.#made;
  }

  get dropped(): number {
    return this.#queue.dropped + this.#overtaken;
  }

  push(message: JournalMessage): void {
    if (this.#closing !== undefined) return;
    if (message.type === 'start') {
      if (message.epoch !== this.#start?.epoch) this.#pacer.restart();
      this.#start = message;
    }
    this.#queue.push(message);
    this.#onWork();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The next message for the thread, which owns its fate from then on. */
  take(): JournalMessage | undefined {
    return this.#closing === undefined ? this.#queue.shift() : undefined;
  }

  /** Takes the pictures that a message gave. */
  give(pictures: readonly PreviewPicture[]): void {
    if (this.#closing !== undefined) return;
    this.#made += pictures.length;
    this.#pacer.push(pictures);
  }

  /** The message gave no pictures, or the thread forgot its state: nothing can be made before the next keyframe. */
  lose(message: JournalMessage | undefined): void {
    if (message !== undefined) this.#overtaken += picturesOf(message);
    this.#queue.breakChain();
  }

  /** The start message in force: what a new thread must be told first. */
  get start(): StartMessage | undefined {
    return this.#start;
  }

  async #close(): Promise<void> {
    this.#pacer.close();
    this.#pictures.complete();
    await this.#onClose();
  }
}
