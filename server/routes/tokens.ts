import type { FastifyRequest } from 'fastify';
import { ProtocolError } from '../../pipeline/errors.ts';
import { closeSocket } from '../http/close-socket.ts';
import type { AppContext } from '../http/context.ts';
import type { RouteSpec } from '../http/route-spec.ts';
import { streamOf } from '../http/stream-parameter.ts';
import { httpSink, webSocketSink } from '../http/subscriber-sinks.ts';
import { parseTokensQuery, TokensQuerySchema } from '../http/tokens-query.ts';
import type { SubscribeRequest } from '../sessions/stream-registry.ts';
import type { Subscription } from '../sessions/subscription.ts';

/** `GET /v1/streams/{stream}/tokens`: WebSocket by upgrade, else SSE or NDJSON by `Accept`. */
export const subscribeToTokens = ({ registry, config }: AppContext): RouteSpec => ({
  method: 'GET',
  path: '/v1/streams/{stream}/tokens',
  summary: 'Follow the tokens of a stream',
  description:
    'One message a line (NDJSON), an event (SSE, with the cursor as its id) or a WebSocket message. The first is the start in force. A stream that nobody publishes yet is waited for.',
  action: 'read',
  query: TokensQuerySchema,
  responses: {
    200: {
      description: 'The messages, as long as the subscription lasts',
      content: { 'application/x-ndjson': 'Message', 'text/event-stream': 'Message' },
    },
  },
  errors: ['bad-request', 'invalid-stream-name', 'invalid-cursor', 'too-many', 'shutting-down'],
  handle: (request, reply) => {
    const framing = request.headers.accept?.includes('text/event-stream') ? 'sse' : 'ndjson';
    const asked = parseQuery(request);
    if (asked.form.framing === 'binary') {
      throw new ProtocolError('bad-request', 'format=binary is for WebSockets');
    }
    let subscription: Subscription | undefined;
    const sink = httpSink(reply, framing, { noteProgress: () => subscription?.noteProgress() });
    subscription = registry.subscribe(
      streamOf(request),
      { ...asked, form: { ...asked.form, framing } },
      sink,
    );
    reply.raw.on('close', () => subscription.detach());
    sink.open();
    return reply;
  },
  webSocket: {
    description:
      'Text messages are Message; with format=binary, visual and motion are binary. Closes with 1000 after until=end, else with a code of the catalogue.',
    open: (socket, request) => {
      let subscription: Subscription | undefined;
      socket.on('message', (data: Buffer) => {
        if (data.length > config.maxWebSocketMessageBytes) closeSocket(socket, tooLarge(config, data));
      });
      socket.on('close', () => subscription?.detach());
      const sink = webSocketSink(socket, { noteProgress: () => subscription?.noteProgress() });
      subscription = registry.subscribe(streamOf(request), parseQuery(request), sink);
    },
  },
});

function parseQuery({ headers, query }: FastifyRequest): SubscribeRequest {
  const lastEventId = headers['last-event-id'];
  return parseTokensQuery(
    typeof lastEventId === 'string' ? { ...(query as object), from: lastEventId } : query,
  );
}

const tooLarge = ({ maxWebSocketMessageBytes }: AppContext['config'], data: Buffer): ProtocolError =>
  new ProtocolError(
    'message-too-large',
    `a subscriber's message has at most ${maxWebSocketMessageBytes} bytes, got ${data.length}`,
  );
