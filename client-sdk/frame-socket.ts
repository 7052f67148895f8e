import { KinoglyphError } from './kinoglyph-error.ts';
import type { WebSocketLike } from './web-socket-like.ts';

/** One WebSocket message: text, or bytes that the receiver owns. */
export type Frame = string | Uint8Array;

export interface FrameSocketOptions {
  /** What may wait for the reader, bytes. */
  readonly maxBufferBytes: number;
  /**
   * When more waits: `hang-up` closes the connection, and the reader gets all that had come before; `drop-oldest`
   * keeps the newest.
   */
  readonly onFull: 'hang-up' | 'drop-oldest';
  /** Called when the connection stands. */
  onOpen?(): void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A WebSocket as an async iterable of what it receives, with a bounded buffer. Has one reader, who closes it.
 * No `Disposable`, which half of the browsers do not know.
 */
export class FrameSocket implements AsyncIterable<Frame> {
  readonly #socket: WebSocketLike;
  readonly #options: FrameSocketOptions;
  readonly #frames: Frame[] = [];
  #bufferedBytes = 0;
  #wake: (() => void) | undefined;
  /** Set once nothing more will come: why, or `undefined` for an orderly end. */
  #end: { readonly error: KinoglyphError | undefined } | undefined;

  /** Takes a socket that was just made, before any of its events. */
  constructor(socket: WebSocketLike, options: FrameSocketOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => options.onOpen?.());
    socket.addEventListener('message', ({ data }) => this.#receive(data));
    socket.addEventListener('error', (event) => this.#finish(errorOf(event)));
    socket.addEventListener('close', (close) => this.#finish(KinoglyphError.fromClose(close)));
    options.signal?.addEventListener('abort', this.#onAbort);
    if (options.signal?.aborted) this.#onAbort();
  }

  /** Whether nothing more will come from the other side. */
  get isClosed(): boolean {
    return this.#end !== undefined;
  }

  /** Sent bytes that have not left this side. */
  get unsentBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(data: Uint8Array<ArrayBuffer> | string): void {
    this.#socket.send(data);
  }

  /** Closes the connection, if it is open, and lets go of the signal. */
  close(): void {
    this.#finish(undefined);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#socket.close(1000);
  }

  /** Gives what was received until an orderly end. Throws a `KinoglyphError` at any other, or the signal's reason. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Frame, void, undefined> {
    while (true) {
      this.#options.signal?.throwIfAborted();
      const frame = this.#frames.shift();
      if (frame !== undefined) {
        this.#bufferedBytes -= frame.length;
        yield frame;
      } else if (this.#end?.error) throw this.#end.error;
      else if (this.#end) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  #receive(data: unknown): void {
    if (this.#end) return;
    const frame = typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer);
    this.#frames.push(frame);
    this.#bufferedBytes += frame.length;
    if (this.#bufferedBytes > this.#options.maxBufferBytes) this.#overflow();
    this.#wake?.();
  }

  #overflow(): void {
    if (this.#options.onFull === 'hang-up') {
      this.#finish(
        KinoglyphError.network(`more than ${this.#options.maxBufferBytes} bytes waited for the reader`),
      );
      this.#socket.close(1000);
      return;
    }
    while (this.#bufferedBytes > this.#options.maxBufferBytes && this.#frames.length > 1)
      this.#bufferedBytes -= this.#frames.shift()?.length ?? 0;
  }

  #finish(error: KinoglyphError | undefined): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  readonly #onAbort = (): void => {
    this.#finish(undefined);
    this.#socket.close(1000);
  };
}

/** Browsers tell nothing of a failed connection; `ws` gives the error in the event. */
function errorOf(event: object): KinoglyphError {
  const cause: unknown = 'error' in event ? event.error : undefined;
  if (cause instanceof KinoglyphError) return cause;
  return KinoglyphError.network('the connection failed', cause);
}
