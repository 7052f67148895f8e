import type {
  EndMessage,
  GapMessage,
  JournalMessage,
  MotionMessage,
  StartMessage,
  VisualMessage,
} from '../../client-sdk/protocol/messages.ts';

const EPOCH = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
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
    return {
      type: 'start',
      v: 1,
      stream: 'test',
      pack: { name: 'pack-tiny', version: '1.0.0', sha256: '0'.repeat(64) },
      codec: 'h264',
      width: 1280,
      height: 720,
      displayAspect: 16 / 9,
      motionSource: 'bitstream',
      motionFps: 12,
      layout: {
        visual: { columns: 16, rows: 16, codebookSize: 4096, dynamic: false },
        motion: { columns: 36, rows: 20, fieldsPerChunk: 8, tokensPerChunk: 45, codebookSize: 1024 },
        llm: {
          text: 0,
          imageStart: 0,
          imageEnd: 0,
          visualOffset: 0,
          motionStart: 0,
          motionEnd: 0,
          motionOffset: 0,
        },
      },
      provider: 'cpu',
      runtime: { onnxruntime: '1.30.0', threads: 1, processor: 'test' },
      ...this.#head(),
      ...overrides,
    };
  }

  visual(id = 0, overrides: Partial<VisualMessage> = {}): VisualMessage {
    this.#clip += 1;
    this.#chunk = 0;
    return {
      type: 'visual',
      ...this.#head(),
      pts: Math.round(this.#pts),
      received: 0,
      emitted: 0,
      clip: this.#clip,
      shot: 0,
      keyframe: 'coded',
      ids: new Array<number>(256).fill(id),
      ...overrides,
    };
  }

  motion(id = 32 * 20 + 15, overrides: Partial<MotionMessage> = {}): MotionMessage {
    const from = this.#pts;
    this.#pts += 8 * FIELD_US;
    return {
      type: 'motion',
      ...this.#head(),
      pts: Math.round(from),
      received: 0,
      emitted: 0,
      clip: this.#clip,
      chunk: this.#chunk++,
      fields: 8,
      duration: Math.round(8 * FIELD_US),
      ids: new Array<number>(45).fill(id),
      ...overrides,
    };
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
