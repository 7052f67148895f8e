import {
  type StreamInfo,
  StreamInfoSchema,
  StreamListSchema,
} from '../../client-sdk/protocol/stream-info.ts';
import { positionsIn } from '../../pipeline/models/grid-ladder.ts';
import { reaches } from '../http/access-control.ts';
import type { AppContext } from '../http/context.ts';
import type { RouteSpec } from '../http/route-spec.ts';
import { streamOf } from '../http/stream-parameter.ts';
import type { Session } from '../sessions/session.ts';
import type { Stream } from '../sessions/stream.ts';

/** `GET /v1/streams`. */
export const listStreams = ({ registry, readiness }: AppContext): RouteSpec => ({
  method: 'GET',
  path: '/v1/streams',
  summary: 'List the streams that can be read',
  action: 'read',
  responses: { 200: { description: 'All streams', content: { 'application/json': StreamListSchema } } },
  errors: [],
  handle: (request) => ({
    streams: registry.streams.filter(({ name }) => reaches(request.grant, name)).map(describe),
    provider: readiness.isReady ? readiness.engine.encoder.provider : undefined,
  }),
});

/** `GET /v1/streams/{stream}`. */
export const inspectStream = ({ registry }: AppContext): RouteSpec => ({
  method: 'GET',
  path: '/v1/streams/{stream}',
  summary: 'Inspect a stream',
  action: 'read',
  responses: { 200: { description: 'The stream', content: { 'application/json': StreamInfoSchema } } },
  errors: ['invalid-stream-name', 'unknown-stream'],
  handle: (request) => describe(registry.get(streamOf(request))),
});

/** `DELETE /v1/streams/{stream}`. */
export const deleteStream = ({ registry }: AppContext): RouteSpec => ({
  method: 'DELETE',
  path: '/v1/streams/{stream}',
  summary: 'End a stream',
  description: 'Its publisher is closed, its subscribers get the end, and its journal is forgotten.',
  action: 'admin',
  responses: { 204: { description: 'The stream has ended' } },
  errors: ['invalid-stream-name', 'unknown-stream'],
  handle: async (request, reply) => {
    await registry.delete(streamOf(request));
    return reply.code(204).send();
  },
});

function describe(stream: Stream): StreamInfo {
  const { name, session, journal, preview, latestStart: start } = stream;
  return {
    stream: name,
    state: session ? 'live' : stream.isWaiting ? 'waiting' : 'ended',
    publisher: session && describePublisher(session),
    media: start && {
      codec: start.codec,
      width: start.width,
      height: start.height,
      displayAspect: start.displayAspect,
      motionSource: start.motionSource,
      motionFps: start.motionFps,
      pack: start.pack,
      keyframeTokens: start.layout.visual.tokens ?? positionsIn(start.layout.visual),
      provider: start.provider,
      runtime: start.runtime,
    },
    subscribers: stream.subscriptions.size,
    viewers: preview.viewers,
    slowSubscribers: stream.slowSubscribers,
    journal: {
      messages: journal.endPosition - journal.firstPosition,
      bytes: journal.sizeBytes,
      earliest: journal.at(journal.firstPosition)?.cursor,
      latest: journal.last?.cursor,
    },
    preview: { ...preview.counts, video: preview.videos },
  };
}

function describePublisher({
  epoch,
  delivery,
  startedMs,
  statistics,
  rtp,
}: Session): StreamInfo['publisher'] {
  const { counters, messages, latencies } = statistics;
  return {
    epoch,
    delivery,
    startedMs,
    accessUnits: counters.unitsIn,
    accessUnitsDropped: counters.unitsDropped,
    bytes: counters.bytesIn,
    pictures: counters.pictures,
    decodeFaults: counters.decodeFaults,
    messages: { ...messages },
    rates: statistics.rates(),
    latencies: { visual: latencies.visual.quantiles(), motion: latencies.motion.quantiles() },
    rtp,
  };
}
