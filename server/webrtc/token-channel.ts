import { ERROR_CODES } from '../../client-sdk/protocol/error-codes.ts';
import { ProtocolError, reasonOf, TokenizerError } from '../../pipeline/errors.ts';
import { problemOf } from '../http/problem-reply.ts';
import { toTokenizerError } from '../http/to-tokenizer-error.ts';
import { parseTokensQuery } from '../http/tokens-query.ts';
import type { StreamRegistry } from '../sessions/stream-registry.ts';
import type { SubscriberSink, Subscription } from '../sessions/subscription.ts';
import type { PeerChannel } from './peer.ts';

/** Label of the data channel on which a stream's messages come. */
export const TOKEN_CHANNEL = 'tokens';
/** Bytes that a channel may hold: werift tells of none of them before all have left. */
const MAX_BUFFER_BYTES = 64 * 1024;
/** How long a closing channel waits for its last message to leave, ms. */
const CLOSE_MS = 2000;

export interface TokenChannelOptions {
  readonly registry: StreamRegistry;
  readonly stream: string;
  /** How to subscribe where the channel's protocol does not say: a query as `GET …/tokens` takes it. */
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  /** A subscription was refused. */
  readonly onRefused: (error: TokenizerError) => void;
}

/**
 * Follows a stream's messages on a data channel of a peer, from the cursor that its protocol asks for: `from=…`,
 * `until=end`, `format=binary` and `layout=llm` joined by `&`. It holds and gives up slow readers as a WebSocket does.
 * Where the server ends or refuses it, the last message is a problem document. Channels of other labels are closed.
 */
export function serveTokenChannel(channel: PeerChannel, options: TokenChannelOptions): void {
  if (channel.label !== TOKEN_CHANNEL) {
    closeSoon(channel);
    return;
  }
  let subscription: Subscription | undefined;
  const sink = channelSink(channel, () => subscription);
  channel.onFlushed(() => subscription?.noteProgress());
  channel.onClosed(() => subscription?.detach());
  try {
    const { registry, stream, query } = options;
    if (!channel.isReliable)
      throw new ProtocolError('bad-request', `the ${TOKEN_CHANNEL} channel is ordered and reliable`);
    const asked = Object.fromEntries(new URLSearchParams(channel.protocol));
    const request = parseTokensQuery({ ...query, ...asked });
    subscription = registry.subscribe(stream, { ...request, maxBufferBytes: MAX_BUFFER_BYTES }, sink);
  } catch (fault) {
    const error = toTokenizerError(fault);
    options.onRefused(error);
    sayGoodbye(channel, error);
  }
}

function channelSink(channel: PeerChannel, subscription: () => Subscription | undefined): SubscriberSink {
  let isFull = false;
  return {
    get bufferedBytes() {
      return isFull ? Number.POSITIVE_INFINITY : channel.bufferedBytes;
    },
    send: ({ bytes, isBinary }) => {
      try {
        channel.send(isBinary ? bytes : bytes.toString());
      } catch (cause) {
        // The peer said how long a message may be. What comes after a missing one must not be sent.
        isFull = true;
        queueMicrotask(() => subscription()?.close('message-too-large', reasonOf(cause)));
      }
    },
    // The transport below has heartbeats of its own (RFC 9260 8.3).
    heartbeat: () => undefined,
    close: (code, detail) => {
      if (code === undefined) closeSoon(channel);
      else sayGoodbye(channel, new TokenizerError(code, detail ?? ERROR_CODES[code].title));
    },
  };
}

/** Tells why the channel ends, as far as the peer still reads. */
function sayGoodbye(channel: PeerChannel, error: TokenizerError): void {
  if (error.code !== 'slow-subscriber') channel.send(JSON.stringify(problemOf(error)));
  closeSoon(channel);
}

/** Closes a channel when what was sent has left, or after a while. */
function closeSoon(channel: PeerChannel): void {
  if (channel.bufferedBytes === 0) {
    // A channel that has just been opened is acknowledged first (RFC 8832 6).
    setImmediate(() => channel.close());
    return;
  }
  const timer = setTimeout(() => channel.close(), CLOSE_MS);
  channel.onFlushed(() => {
    if (channel.bufferedBytes === 0) channel.close();
  });
  channel.onClosed(() => clearTimeout(timer));
}
