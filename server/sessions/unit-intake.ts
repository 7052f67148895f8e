import type { TokenizerError } from '../../pipeline/errors.ts';
import { DisposedError } from '../../pipeline/errors.ts';
import type { DemuxEvent } from '../../pipeline/types.ts';
import type { MediaIntake } from './media-intake.ts';

export interface UnitIntakeOptions {
  /** Time without an access unit, ms, after which `onStall` is called once. */
  readonly stallMs: number;
  onStall(): void;
}

/**
 * The intake of a publisher whose access units are put together before it, such as one over RTP. Its reader is a live
 * tokenization, which always reads, so nothing piles up here.
 */
export class UnitIntake implements MediaIntake {
  readonly open = (): AsyncIterable<DemuxEvent> => this.#read();
  readonly #options: UnitIntakeOptions;
  #events: DemuxEvent[] = [];
  #takenBytes = 0;
  #isEnded = false;
  #isRead = false;
  #fault: TokenizerError | undefined;
  #wake: (() => void) | undefined;
  #stallTimer: NodeJS.Timeout;

  constructor(options: UnitIntakeOptions) {
    this.#options = options;
    this.#stallTimer = setTimeout(options.onStall, options.stallMs);
  }

  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Takes an event, which must not change any more; one that comes after the end is dropped. */
  push(event: DemuxEvent): void {
    if (this.#isEnded) return;
    if (event.type === 'unit') {
      this.#takenBytes += event.unit.data.length;
      clearTimeout(this.#stallTimer);
      this.#stallTimer = setTimeout(this.#options.onStall, this.#options.stallMs);
    }
    this.#events.push(event);
    this.#wake?.();
  }

  /** What comes cannot be tokenized: the reader gets what is held, then the error. */
  fail(fault: TokenizerError): void {
    this.#fault ??= fault;
    this.end();
  }

  end(): void {
    this.#isEnded = true;
    clearTimeout(this.#stallTimer);
    this.#wake?.();
  }

  cancel(): void {
    this.#events = [];
    this.end();
  }

  async *#read(): AsyncGenerator<DemuxEvent> {
    if (this.#isRead) throw new DisposedError('an intake that was read before');
    this.#isRead = true;
    try {
      for (;;) {
        const event = this.#events.shift();
        if (event) yield event;
        else if (this.#fault) throw this.#fault;
        else if (this.#isEnded) return;
        else await this.#arrival();
      }
    } finally {
      this.cancel();
    }
  }

  async #arrival(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }
}
