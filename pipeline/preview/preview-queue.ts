import type { JournalMessage } from '../../client-sdk/protocol/messages.ts';

export interface PreviewQueueOptions {
  /** Messages that may wait. */
  readonly capacity: number;
  /** How long the first of them may have waited, milliseconds. */
  readonly maxAgeMs: number;
  /** Milliseconds on any clock that only goes forward. */
  readonly now: () => number;
}

interface Waiting {
  readonly message: JournalMessage;
  readonly sinceMs: number;
}

/**
 * Messages of one stream that wait to be reconstructed. Where they are too many or wait too long, what is older than the
 * newest keyframe goes, or else all waiting motion, and with it the rest of its clip, which builds on it.
 */
export class PreviewQueue {
  readonly #options: PreviewQueueOptions;
  #waiting: Waiting[] = [];
  /** Motion makes no picture until the next keyframe: there was none, or some of its motion was lost. */
  #chain: 'none' | 'whole' | 'broken' = 'none';
  /** Pictures that will not be made for want of time. */
  dropped = 0;

  constructor(options: PreviewQueueOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** Adds the stream's next message. */
  push(message: JournalMessage): void {
    if (message.type === 'visual') this.#chain = 'whole';
    if (message.type === 'motion' && this.#chain !== 'whole') {
      if (this.#chain === 'broken') this.dropped += message.fields;
      return;
    }
    const { capacity, now } = this.#options;
    this.#waiting.push({ message, sinceMs: now() });
    if (this.#waiting.length > capacity) this.#catchUp();
    // Starts, gaps and ends are few, but a peer of no good will must not make them pile up.
    if (this.#waiting.length > capacity) this.#waiting.shift();
  }

  /** The next message to be reconstructed. */
  shift(): JournalMessage | undefined {
    const { maxAgeMs, now } = this.#options;
    const [oldest] = this.#waiting;
    if (oldest && now() - oldest.sinceMs > maxAgeMs) this.#catchUp();
    return this.#waiting.shift()?.message;
  }

  /** The chain of motion is lost: nothing more is made before the next keyframe, waiting or to come. */
  breakChain(): void {
    const visual = this.#waiting.findIndex(({ message }) => message.type === 'visual');
    this.#discard((message, at) => message.type === 'motion' && (visual < 0 || at < visual));
    if (visual < 0) this.#chain = 'broken';
  }

  #catchUp(): void {
    const newest = this.#waiting.findLastIndex(({ message }) => message.type === 'visual');
    if (newest > 0 && this.#discard((message, at) => at < newest && makesPictures(message))) return;
    if (this.#discard((message) => message.type === 'motion')) this.#chain = 'broken';
  }

  #discard(isUnwanted: (message: JournalMessage, at: number) => boolean): boolean {
    const kept = this.#waiting.filter(({ message }, at) => {
      if (!isUnwanted(message, at)) return true;
      this.dropped += picturesOf(message);
      return false;
    });
    const isAnyGone = kept.length < this.#waiting.length;
    this.#waiting = kept;
    return isAnyGone;
  }
}

const makesPictures = (message: JournalMessage): boolean => picturesOf(message) > 0;

/** Pictures that a message is good for. */
export const picturesOf = (message: JournalMessage): number => {
  if (message.type === 'visual') return 1;
  return message.type === 'motion' ? message.fields : 0;
};
