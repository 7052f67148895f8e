import type { FastifyRequest } from 'fastify';
import { ProtocolError } from '../../pipeline/errors.ts';
import type { Config } from '../config-schema.ts';
import { grantBody } from '../http/body-intake.ts';
import { closeSocket } from '../http/close-socket.ts';
import type { AppContext } from '../http/context.ts';
import { feedFromBody, WebSocketFeed } from '../http/media-feed.ts';
import { sendProblem } from '../http/problem-reply.ts';
import { PublishQuerySchema, parsePublishQuery } from '../http/publish-query.ts';
import type { RouteSpec } from '../http/route-spec.ts';
import { streamOf } from '../http/stream-parameter.ts';
import { Intake } from '../sessions/intake.ts';

const MEDIA_ERRORS = [
  'empty-body',
  'unknown-container',
  'unsupported-codec',
  'no-video',
  'index-at-end',
  'damaged-media',
  'no-pictures',
  'picture-size',
  'unit-too-large',
] as const;
/** What may go wrong with any way to publish. */
export const PUBLISH_ERRORS = [
  'bad-request',
  'invalid-stream-name',
  'stream-busy',
  'replaced',
  'stream-ended',
  'stalled',
  'overloaded',
  'too-many',
  'not-ready',
  'shutting-down',
  'model-failed',
  ...MEDIA_ERRORS,
] as const;

/** `PUT /v1/streams/{stream}`: the body is the media, and the answer comes when it ends. */
export const publishByPut = (context: AppContext): RouteSpec => ({
  method: 'PUT',
  path: '/v1/streams/{stream}',
  summary: 'Publish a byte stream',
  description:
    'MPEG-TS, fragmented or fast-start MP4, Matroska/WebM, Annex-B H.264 or an MPEG-4 elementary stream, recognized by its bytes. The body may last for days.',
  action: 'publish',
  query: PublishQuerySchema,
  takesBytes: true,
  responses: {
    201: { description: 'The body has ended', content: { 'application/json': 'PublishSummary' } },
  },
  errors: [...PUBLISH_ERRORS, 'content-encoding'],
  handle: async (request, reply) => {
    refuseContentEncoding(request);
    const { config, registry } = context;
    const asked = parsePublishQuery(request.query, { delivery: 'complete', motion: config.motion });
    const session = await registry.publish(streamOf(request), {
      ...asked,
      openIntake: openBytes(config, request.raw),
    });
    feedFromBody(request, session);
    grantBody(request.raw, reply.raw);
    const { summary, error } = await session.done;
    if (!error) return reply.code(201).header('location', `/v1/streams/${summary.stream}`).send(summary);
    context.metrics.refusals.inc({ code: error.code });
    return sendProblem(reply, error, { retryAfterSeconds: config.retryAfterSeconds, extra: { summary } });
  },
});

/** `WS /v1/streams/{stream}/publish`: the same bytes as binary messages. */
export const publishByWebSocket = (context: AppContext): RouteSpec => ({
  method: 'GET',
  path: '/v1/streams/{stream}/publish',
  summary: 'Publish over a WebSocket',
  action: 'publish',
  query: PublishQuerySchema,
  responses: {},
  errors: [...PUBLISH_ERRORS, 'message-too-large'],
  webSocket: {
    description:
      'Binary messages are the media. The server sends Accepted when it takes the publisher and PublishSummary at the end; the client ends with PublishEnd. Any other close is an abort.',
    open: async (socket, request) => {
      const { config, registry } = context;
      const feed = new WebSocketFeed(socket);
      socket.pause();
      const session = await registry.publish(streamOf(request), {
        ...parsePublishQuery(request.query, { delivery: 'live', motion: config.motion }),
        openIntake: openBytes(config, socket),
      });
      feed.feed(session);
      socket.send(JSON.stringify({ type: 'accepted', epoch: session.epoch }));
      socket.resume();
      const { summary, error } = await session.done;
      if (error) context.metrics.refusals.inc({ code: error.code });
      if (error === undefined || summary.messages.start > 0) socket.send(JSON.stringify(summary));
      socket.resume();
      closeSocket(socket, feed.fault ?? error);
    },
  },
});

/** An intake of bytes, which pauses the socket that they come from while it is full. */
const openBytes =
  ({ intakeBytes, stallMs }: Config, socket: { pause(): void; resume(): void }) =>
  (onStall: () => void): Intake =>
    new Intake({
      capacityBytes: intakeBytes,
      stallMs,
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      onStall,
    });

function refuseContentEncoding({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return;
  throw new ProtocolError(
    'content-encoding',
    `media is sent as it is, got Content-Encoding ${encoding.slice(0, 40)}`,
  );
}
