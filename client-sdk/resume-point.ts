import { KinoglyphError } from './kinoglyph-error.ts';
import { type Cursor, formatCursor } from './protocol/cursor.ts';
import type { JournalMessage, Message, SkipMessage, StartMessage } from './protocol/messages.ts';

/** What a subscriber gets: the stream's messages, and `skip` where some of them could not be had any more. */
export type TokenMessage = JournalMessage | SkipMessage;

/** Follows a subscription over its connections, so that each message is given once and none is missed unnoticed. */
export class ResumePoint {
  readonly #from: string;
  #last: Cursor | undefined;
  #start: StartMessage | undefined;
  #isAfterSkip = false;

  /** `from` as the subscription was asked for: `live`, `earliest` or a cursor. */
  constructor(from: string) {
    this.#from = from;
  }

  /** Where the next connection begins. */
  get from(): string {
    return this.#last ? formatCursor(this.#last) : this.#from;
  }

  /** The `start` in force. */
  get start(): StartMessage | undefined {
    return this.#start;
  }

  /** Whether the message is new to the reader. Throws a `KinoglyphError` where one before it is missing. */
  accept(message: Message): message is TokenMessage {
    if (message.type === 'goaway') return false;
    if (message.type === 'skip') {
      this.#isAfterSkip = true;
      return true;
    }
    if (message.type === 'start' && message.replay) return this.#acceptReplay(message);
    if (!this.#isNext(message)) return false;
    this.#last = { epoch: message.epoch, seq: message.seq };
    this.#isAfterSkip = false;
    if (message.type === 'start') this.#start = message;
    return true;
  }

  #acceptReplay(message: StartMessage): boolean {
    const isKnown = this.#start?.epoch === message.epoch && this.#start.seq === message.seq;
    this.#start = message;
    return !isKnown;
  }

  #isNext({ epoch, seq }: JournalMessage): boolean {
    if (epoch !== this.#last?.epoch) return true;
    if (seq <= this.#last.seq) return false;
    if (seq === this.#last.seq + 1 || this.#isAfterSkip) return true;
    throw KinoglyphError.protocol(`message ${this.#last.seq + 1} of epoch ${epoch} is missing, got ${seq}`);
  }
}
