import type { PlatformPeerConnection } from './platform-types.ts';
import { ResumePoint, type TokenMessage } from './resume-point.ts';
import { decodeMessage } from './tokens.ts';

/** Follows a stream's messages on the data channels of connection after connection. */
export class TokenChannel {
  readonly #resume = new ResumePoint('live');
  readonly #onMessage: (message: TokenMessage) => void;

  constructor(onMessage: (message: TokenMessage) => void) {
    this.#onMessage = onMessage;
  }

  /** Opens a channel on a connection that was just made, from the message after the last one. */
  openOn(connection: PlatformPeerConnection): void {
    const protocol = new URLSearchParams({ from: this.#resume.from, format: 'binary' }).toString();
    const channel = connection.createDataChannel('tokens', { protocol });
    channel.binaryType = 'arraybuffer';
    channel.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (!this.#take(typeof data === 'string' ? data : new Uint8Array(data))) channel.close();
    });
  }

  /** Whether the channel can be read on: its last message may be a problem document. */
  #take(frame: string | Uint8Array): boolean {
    try {
      const message = decodeMessage(frame, this.#resume.start);
      if (message && this.#resume.accept(message)) this.#onMessage(message);
      return true;
    } catch {
      return false;
    }
  }
}
