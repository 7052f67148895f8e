import { FrameSocket } from './frame-socket.ts';
import { KinoglyphError } from './kinoglyph-error.ts';
import { decodeBinary } from './protocol/binary.ts';
import type { Message, StartMessage } from './protocol/messages.ts';
import { WireError } from './protocol/wire-error.ts';
import { fullJitter, type ReconnectPolicy } from './reconnect-policy.ts';
import { type ConnectionState, reconnecting } from './reconnecting.ts';
import { ResumePoint, type TokenMessage } from './resume-point.ts';
import type { WebSocketLike } from './web-socket-like.ts';

export interface TokensOptions {
  /** `live` begins at the open clip, `earliest` at the oldest message kept, a cursor after that message. */
  readonly from?: 'live' | 'earliest' | (string & {}) | undefined;
  /** How messages travel; what is read is equal. Default `binary`. */
  readonly format?: 'json' | 'binary' | undefined;
  /** Ends after the `end` of an epoch, instead of waiting for the next publisher. */
  readonly until?: 'end' | undefined;
  /** `llm` adds the flat ids of a language model to visual and motion messages. */
  readonly layout?: 'llm' | undefined;
  /**
   * What may wait for the reader, bytes; default 16 MiB. A reader that falls further behind is disconnected by the
   * client, reads what waits, and then goes on from its cursor: slow, but without loss as long as the server remembers.
   */
  readonly maxBufferBytes?: number | undefined;
  readonly reconnect?: ReconnectPolicy | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of each change of the connection. */
  onState?(state: ConnectionState): void;
}

/**
 * Follows a stream: yields each message once, in order, over as many connections as it takes. Messages that the server
 * no longer has appear as a `skip`.
 */
export function readTokens(
  open: (query: Record<string, string | undefined>) => WebSocketLike,
  options: TokensOptions,
): AsyncGenerator<TokenMessage, void, undefined> {
  const { format = 'binary', until, layout, signal, onState, maxBufferBytes = 16 * 1024 * 1024 } = options;
  const resume = new ResumePoint(options.from ?? 'live');

  async function* readOnce(): AsyncGenerator<TokenMessage, void, undefined> {
    const frames = new FrameSocket(open({ from: resume.from, format, until, layout }), {
      maxBufferBytes,
      onFull: 'hang-up',
      onOpen: () => onState?.('open'),
      signal,
    });
    try {
      for await (const frame of frames) {
        const message = decodeMessage(frame, resume.start);
        if (!message || !resume.accept(message)) continue;
        yield message;
        if (until === 'end' && message.type === 'end') return;
      }
    } finally {
      frames.close();
    }
  }

  return reconnecting(readOnce, { reconnect: options.reconnect ?? fullJitter(), signal, onState });
}

/** Reads a message in either form; `start` is the one in force. Throws a `KinoglyphError`. */
export function decodeMessage(
  frame: string | Uint8Array,
  start: StartMessage | undefined,
): Message | undefined {
  try {
    return decodeBinary(frame, start);
  } catch (error) {
    if (error instanceof WireError) throw KinoglyphError.protocol(error.message, error);
    throw error;
  }
}
