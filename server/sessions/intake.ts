import { demuxed } from '../../pipeline/demux/demux.ts';
import { DisposedError } from '../../pipeline/errors.ts';
import type { MediaIntake } from './media-intake.ts';

export interface IntakeOptions {
  /** Bytes held before the source is asked to pause. */
  readonly capacityBytes: number;
  /** Silence of a source that is not paused, ms, after which `onStall` is called once. */
  readonly stallMs: number;
  pause(): void;
  resume(): void;
  onStall(): void;
}

/**
 * What stands between a publisher's socket and the tokenizer: takes chunks as they come, gives them to one reader,
 * and pauses the socket while the reader is behind. A live reader never is, so a live socket is never paused for long.
 */
export class Intake implements MediaIntake, AsyncIterable<Uint8Array> {
  readonly open = demuxed(this);
  readonly #options: IntakeOptions;
  #chunks: Uint8Array[] = [];
  #heldBytes = 0;
  #takenBytes = 0;
  #isPaused = false;
  #isEnded = false;
  #isRead = false;
  #wake: (() => void) | undefined;
  #stallTimer: NodeJS.Timeout | undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#watchForStall();
  }

  get takenBytes(): number {
    return this.#takenBytes;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Takes a chunk, which must not change any more; one that comes after the end is dropped. */
  push(chunk: Uint8Array): void {
    if (this.#isEnded || chunk.length === 0) return;
    this.#takenBytes += chunk.length;
    this.#heldBytes += chunk.length;
    this.#chunks.push(chunk);
    if (!this.#isPaused && this.#heldBytes >= this.#options.capacityBytes) {
      this.#isPaused = true;
      this.#options.pause();
    }
    this.#watchForStall();
    this.#wake?.();
  }

  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#stallTimer);
    this.#wake?.();
  }

  cancel(): void {
    this.#chunks = [];
    this.#heldBytes = 0;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    if (this.#isRead) throw new DisposedError('an intake that was read before');
    this.#isRead = true;
    try {
      for (;;) {
        const chunk = this.#take();
        if (chunk) yield chunk;
        else if (this.#isEnded) return;
        else await this.#arrival();
      }
    } finally {
      this.cancel();
    }
  }

  #take(): Uint8Array | undefined {
    const chunk = this.#chunks.shift();
    if (!chunk) return undefined;
    this.#heldBytes -= chunk.length;
    if (this.#isPaused && this.#heldBytes < this.#options.capacityBytes / 2) {
      this.#isPaused = false;
      this.#options.resume();
      this.#watchForStall();
    }
    return chunk;
  }

  async #arrival(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }

  #watchForStall(): void {
    clearTimeout(this.#stallTimer);
    if (this.#isEnded || this.#isPaused) return;
    this.#stallTimer = setTimeout(this.#options.onStall, this.#options.stallMs);
  }
}
