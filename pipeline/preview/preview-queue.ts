import type { JournalMessage } from '../../client-sdk/protocol/messages.ts';

/**
 * Messages of one stream that wait to be reconstructed. Holds at most `capacity`; beyond that what is older than the
 * newest keyframe goes, or else all waiting motion, and with it the rest of its clip, which builds on it.
 */
export class PreviewQueue {
  readonly #capacity: number;
  #messages: JournalMessage[] = [];
  /** Motion makes no picture until the next keyframe: there was none, or some of its motion was lost. */
  #chain: 'none' | 'whole' | 'broken' = 'none';
  /** Pictures that will not be made for want of time. */
  dropped = 0;

  constructor({ capacity }: { capacity: number }) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#messages.length;
  }

  /** Adds the stream's next message. */
  push(message: JournalMessage): void {
    if (message.type === 'visual') this.#chain = 'whole';
    if (message.type === 'motion' && this.#chain !== 'whole') {
      if (this.#chain === 'broken') this.dropped += message.fields;
      return;
    }
    this.#messages.push(message);
    if (this.#messages.length > this.#capacity) this.#makeRoom();
  }

  /** The next message to be reconstructed. */
  shift(): JournalMessage | undefined {
    return this.#messages.shift();
  }

  /** The chain of motion is lost: nothing more is made before the next keyframe, waiting or to come. */
  breakChain(): void {
    const visual = this.#messages.findIndex((message) => message.type === 'visual');
    this.#discard((message, at) => message.type === 'motion' && (visual < 0 || at < visual));
    if (visual < 0) this.#chain = 'broken';
  }

  #makeRoom(): void {
    const newest = this.#messages.findLastIndex((message) => message.type === 'visual');
    if (newest > 0 && this.#discard((message, at) => at < newest && makesPictures(message))) return;
    this.#discard((message) => message.type === 'motion');
    this.#chain = 'broken';
    // Starts, gaps and ends are few, but a peer of no good will must not make them pile up.
    if (this.#messages.length > this.#capacity) this.#messages.shift();
  }

  #discard(isUnwanted: (message: JournalMessage, at: number) => boolean): boolean {
    const kept = this.#messages.filter((message, at) => {
      if (!isUnwanted(message, at)) return true;
      this.dropped += picturesOf(message);
      return false;
    });
    const isAnyGone = kept.length < this.#messages.length;
    this.#messages = kept;
    return isAnyGone;
  }
}

const makesPictures = (message: JournalMessage): boolean => picturesOf(message) > 0;

/** Pictures that a message is good for. */
export const picturesOf = (message: JournalMessage): number => {
  if (message.type === 'visual') return 1;
  return message.type === 'motion' ? message.fields : 0;
};
