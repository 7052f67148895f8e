import { FrameSocket } from './frame-socket.ts';
import { KinoglyphError } from './kinoglyph-error.ts';
import type { MotionSourceName } from './protocol/messages.ts';
import type { Delivery } from './protocol/publish.ts';
import type { PublishSummary } from './protocol/summary.ts';
import { delay } from './reconnecting.ts';
import type { WebSocketLike } from './web-socket-like.ts';

const MAX_MESSAGE_BYTES = 256 * 1024;
/** Sending pauses while more than this waits in the socket. */
const HIGH_WATER_BYTES = 1024 * 1024;
/** WebSockets tell nobody that they have drained. */
const DRAIN_POLL_MS = 5;
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/** Bytes of a container or an elementary stream that the server takes, cut anywhere. */
export type ByteSource = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> | Iterable<Uint8Array>;

export interface PublishOptions {
  /** Under overload: `live` (default) drops and says so, `complete` slows the source down. */
  readonly delivery?: Delivery | undefined;
  /** Replaces a publisher that is present, instead of being refused. */
  readonly takeover?: boolean | undefined;
  /** Where motion vectors come from; by default the server decides. */
  readonly motion?: 'auto' | MotionSourceName | undefined;
  /** Pictures a second of a source without timestamps. */
  readonly fps?: number | undefined;
  /** Breaks the publication off; the epoch ends as `aborted`. */
  readonly signal?: AbortSignal | undefined;
  /** Told after each piece that was handed to the connection. */
  onProgress?(progress: { readonly epoch: string; readonly sentBytes: number }): void;
}

/**
 * Sends a source to its end and resolves with what became of it. Rejects with a `KinoglyphError` when the server
 * refuses or ends it, with the source's error when that fails, or with the signal's reason.
 */
export async function publishBytes(
  socket: WebSocketLike,
  source: ByteSource,
  options: PublishOptions,
): Promise<PublishSummary> {
  const { signal } = options;
  const frames = new FrameSocket(socket, { maxBufferBytes: MAX_TEXT_BYTES, onFull: 'hang-up', signal });
  try {
    return await send(frames, source, options);
  } finally {
    frames.close();
  }
}

async function send(
  frames: FrameSocket,
  source: ByteSource,
  { signal, onProgress }: PublishOptions,
): Promise<PublishSummary> {
  const replies = frames[Symbol.asyncIterator]();
  const { epoch } = await expectText<{ epoch: string }>(replies, 'accepted');
  const summary = expectText<PublishSummary>(replies, 'summary').then(async (text) => {
    await replies.next();
    return text;
  });
  const stopped = summary.then(
    () => true as const,
    () => true as const,
  );
  let sentBytes = 0;
  for await (const piece of piecesOf(source, stopped)) {
    await drained(frames, signal);
    if (frames.isClosed) break;
    frames.send(piece);
    sentBytes += piece.length;
    onProgress?.({ epoch, sentBytes });
  }
  if (!frames.isClosed) frames.send('{"type":"end"}');
  return summary;
}

async function drained(frames: FrameSocket, signal: AbortSignal | undefined): Promise<void> {
  while (frames.unsentBytes > HIGH_WATER_BYTES && !frames.isClosed) await delay(DRAIN_POLL_MS, signal);
}

/** The source in pieces that fit a message; gives it up when the server has stopped listening. */
async function* piecesOf(
  source: ByteSource,
  stopped: Promise<true>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const chunks = chunksOf(source);
  try {
    while (true) {
      const next = await Promise.race([chunks.next(), stopped]);
      if (next === true || next.done) return;
      for (let at = 0; at < next.value.length; at += MAX_MESSAGE_BYTES)
        yield next.value.subarray(at, at + MAX_MESSAGE_BYTES) as Uint8Array<ArrayBuffer>;
    }
  } finally {
    // A source that is stuck would hold this up for ever, so nobody waits for it.
    chunks.return?.().then(undefined, () => undefined);
  }
}

function chunksOf(source: ByteSource): AsyncIterator<Uint8Array> {
  if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
  if (Symbol.iterator in source) return iterate(source);
  return readStream(source);
}

async function* iterate(source: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* source;
}

/** For browsers in which a ReadableStream is no async iterable. */
async function* readStream(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
  }
}

async function expectText<T extends object>(
  replies: AsyncIterator<string | Uint8Array>,
  type: string,
): Promise<T> {
  const { value, done } = await replies.next();
  if (done) throw KinoglyphError.protocol(`the server closed before it sent ${type}`);
  try {
    const text = JSON.parse(String(value)) as { type?: unknown };
    if (text.type === type) return text as T;
  } catch (cause) {
    throw KinoglyphError.protocol(`expected ${type} as JSON`, cause);
  }
  throw KinoglyphError.protocol(`expected ${type}, got ${String(value).slice(0, 80)}`);
}
