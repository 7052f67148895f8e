import { WebSocket } from 'ws';

/** How a WebSocket was closed. */
export interface Closure {
  readonly code: number;
  readonly reason: string;
}

/** What came on a WebSocket: text, or bytes. */
export type Frame = string | Buffer;

/** A WebSocket of a test: frames in order, and how it ended. */
export class SocketReader {
  readonly socket: WebSocket;
  readonly frames: Frame[] = [];
  readonly closed: Promise<Closure>;
  #isClosed = false;
  #wake: (() => void) | undefined;

  constructor(url: string, options: { headers?: Record<string, string>; protocols?: string[] } = {}) {
    this.socket = new WebSocket(url, options.protocols ?? [], { headers: options.headers ?? {} });
    this.socket.on('message', (data: Buffer, isBinary) => {
      this.frames.push(isBinary ? data : data.toString());
      this.#wake?.();
    });
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => {
        this.#isClosed = true;
        this.#wake?.();
        resolve({ code, reason: reason.toString() });
      });
    });
    this.socket.on('error', () => this.#wake?.());
  }

  /** Resolves when the connection stands; rejects where it is refused. */
  async open(): Promise<this> {
    if (this.socket.readyState === WebSocket.OPEN) return this;
    await new Promise<void>((resolve, reject) => {
      this.socket.once('open', resolve);
      this.socket.once('error', reject);
    });
    return this;
  }

  /** The texts so far, parsed. */
  get texts(): Record<string, unknown>[] {
    return this.frames.filter((frame) => typeof frame === 'string').map((text) => JSON.parse(text));
  }

  /** Waits until a condition on the frames holds. Rejects where the socket closes before. */
  async until(condition: (reader: this) => boolean): Promise<void> {
    while (!condition(this)) {
      if (this.#isClosed) throw new Error(`closed after ${this.frames.length} frames`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
