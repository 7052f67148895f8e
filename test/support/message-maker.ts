import type {
  EndMessage,
  GapMessage,
  JournalMessage,
  MotionMessage,
  StartMessage,
  VisualMessage,
} from '../../client-sdk/protocol/messages.ts';
import { EPOCH, motionMessage, startMessage, visualMessage } from './messages.ts';

const FIELD_US = 1e6 / 12;

/** Makes the messages of one epoch in their order, for the tiny pack: every clip is one colour that moves. */
export class MessageMaker {
  readonly #epoch: string;
  #seq = 0;
  #clip = -1;
  #chunk = 0;
  #pts = 0;

  constructor({ epoch = EPOCH }: { epoch?: string } = {}) {
    this.#epoch = epoch;
  }

  start(overrides: Partial<StartMessage> = {}): StartMessage {
    return startMessage({ ...this.#head(), ...overrides });
  }

  visual(id = 0, overrides: Partial<VisualMessage> = {}): VisualMessage {
    this.#clip += 1;
    this.#chunk = 0;
    const ids = new Array<number>(256).fill(id);
    return visualMessage({
      ...this.#head(),
      pts: Math.round(this.#pts),
      clip: this.#clip,
      ids,
      ...overrides,
    });
  }

  motion(id = 32 * 20 + 15, overrides: Partial<MotionMessage> = {}): MotionMessage {
    const from = this.#pts;
    this.#pts += 8 * FIELD_US;
    return motionMessage({
      ...this.#head(),
      pts: Math.round(from),
      clip: this.#clip,
      chunk: this.#chunk++,
      ids: new Array<number>(45).fill(id),
      ...overrides,
    });
  }

  gap(): GapMessage {
    return { type: 'gap', ...this.#head(), from: 0, to: 1, reason: 'loss', dropped: 1 };
  }

  end(): EndMessage {
    return { type: 'end', ...this.#head(), reason: 'finished' };
  }

  #head(): Pick<JournalMessage, 'epoch' | 'seq'> {
    return { epoch: this.#epoch, seq: this.#seq++ };
  }
}
