import { encodeBinary } from '../../client-sdk/protocol/binary.ts';
import { llmIdsOf } from '../../client-sdk/protocol/llm-ids.ts';
import {
  cursorOf,
  type GoawayMessage,
  type JournalMessage,
  type Message,
  type SkipMessage,
  type StartMessage,
} from '../../client-sdk/protocol/messages.ts';

export const FRAMINGS = ['json', 'binary', 'ndjson', 'sse'] as const;
/** How a message is laid out on its connection: `json` and `binary` on a WebSocket, the others over HTTP. */
export type Framing = (typeof FRAMINGS)[number];

/** The form of the messages that one subscriber gets. */
export interface WireForm {
  readonly framing: Framing;
  /** Whether visual and motion messages carry flat ids of a language model. */
  readonly hasLlmIds: boolean;
}

/** A message as bytes ready for a socket; shared, so nobody may change them. */
export interface WireChunk {
  readonly bytes: Buffer;
  readonly isBinary: boolean;
}

const keyOf = (form: WireForm): string => (form.hasLlmIds ? `${form.framing}+llm` : form.framing);

/** One message of a journal with its encoded forms, each made at most once while the entry is recent. */
export class JournalEntry {
  readonly message: JournalMessage;
  /** The `start` in force: the entry itself, or an earlier one that may have left the journal. */
  readonly start: JournalEntry | undefined;
  /** Counts the messages of a stream over its epochs. */
  readonly position: number;
  /** Wall clock, ms. */
  readonly appendedMs: number;
  /** Length of the JSON text. */
  readonly sizeBytes: number;
  #forms: Map<string, WireChunk> | undefined = new Map();

  constructor(
    message: JournalMessage,
    place: { position: number; appendedMs: number; start?: JournalEntry },
  ) {
    this.message = message;
    this.position = place.position;
    this.appendedMs = place.appendedMs;
    this.start = message.type === 'start' ? this : place.start;
    this.sizeBytes = this.encode({ framing: 'json', hasLlmIds: false }).bytes.length;
  }

  get cursor(): string {
    return cursorOf(this.message);
  }

  /** The bytes of a form. `isReplay` marks a `start` that is sent again to a new subscription. */
  encode(form: WireForm, isReplay = false): WireChunk {
    const key = isReplay ? `replay ${keyOf(form)}` : keyOf(form);
    const known = this.#forms?.get(key);
    if (known) return known;
    const chunk = encodeMessage(this.#withExtras(form, isReplay), form.framing);
    this.#forms?.set(key, chunk);
    return chunk;
  }

  /** Frees the encoded forms: few subscribers come to an old entry, and they encode it for themselves. */
  forget(): void {
    this.#forms = undefined;
  }

  #withExtras(form: WireForm, isReplay: boolean): JournalMessage {
    const { message } = this;
    if (message.type === 'start') return isReplay ? { ...message, replay: true } : message;
    if (!form.hasLlmIds || (message.type !== 'visual' && message.type !== 'motion')) return message;
    const start = this.start?.message as StartMessage | undefined;
    return start ? { ...message, llm: llmIdsOf(message, start.layout.llm) } : message;
  }
}

/** The bytes of any message; only those of a journal have an id to resume from. */
export function encodeMessage(
  message: JournalMessage | SkipMessage | GoawayMessage,
  framing: Framing,
): WireChunk {
  if (framing === 'binary') {
    const encoded = encodeBinary(message);
    return typeof encoded === 'string'
      ? { bytes: Buffer.from(encoded), isBinary: false }
      : { bytes: Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength), isBinary: true };
  }
  return { bytes: Buffer.from(framed(message, framing)), isBinary: false };
}

function framed(message: Message, framing: Exclude<Framing, 'binary'>): string {
  const json = JSON.stringify(message);
  if (framing === 'json') return json;
  if (framing === 'ndjson') return `${json}\n`;
  return 'seq' in message ? `id: ${cursorOf(message)}\ndata: ${json}\n\n` : `data: ${json}\n\n`;
}
