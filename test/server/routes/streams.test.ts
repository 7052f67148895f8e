import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StreamInfoSchema, StreamListSchema } from '../../../client-sdk/protocol/stream-info.ts';
import { SocketReader } from '../../support/socket-reader.ts';
import {
  MEDIA,
  openTestEngine,
  publisherOf,
  startTestServer,
  type TestEngine,
  type TestServer,
} from '../../support/test-server.ts';

const CLIP = readFileSync(join(MEDIA, 'city-h264-p.ts'));

let engine: TestEngine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine.close());

const put = ({ url }: TestServer): Promise<Response> =>
  fetch(`${url}/v1/streams/cam`, { method: 'PUT', body: CLIP });
const inspect = async ({ url }: TestServer) =>
  StreamInfoSchema.parse(await (await fetch(`${url}/v1/streams/cam`)).json());

it('are listed and inspected from waiting over live to ended', async () => {
  await using server = await startTestServer(engine);
  const subscriber = await new SocketReader(`${server.wsUrl}/v1/streams/cam/tokens`).open();
  await expect.poll(() => server.app.registry.subscribers).toBe(1);
  expect(await inspect(server)).toMatchObject({ state: 'waiting', subscribers: 1, journal: { messages: 0 } });

  const publisher = await new SocketReader(`${server.wsUrl}/v1/streams/cam/publish`).open();
  publisher.socket.send(CLIP);
  const session = await publisherOf(server.app, 'cam');
  await expect.poll(() => session.statistics.messages.motion).toBeGreaterThan(0);
  const live = await inspect(server);
  expect(live).toMatchObject({
    state: 'live',
    subscribers: 1,
    media: {
      codec: 'h264',
      width: 320,
      height: 180,
      motionSource: 'bitstream',
      pack: { name: 'pack-tiny' },
      keyframeTokens: 256,
      provider: 'cpu',
    },
    publisher: { epoch: session.epoch, delivery: 'live' },
  });
  expect(live.publisher?.rates.tokensPerSecond).toBeGreaterThan(0);
  expect(live.publisher?.latencies.visual?.p95Ms).toBeGreaterThanOrEqual(
    live.publisher?.latencies.visual?.p50Ms ?? 0,
  );

  publisher.socket.send(JSON.stringify({ type: 'end' }));
  await publisher.closed;
  const ended = await inspect(server);
  expect(ended).toMatchObject({ state: 'ended', media: { codec: 'h264' } });
  expect(ended.publisher).toBeUndefined();
  expect(ended.journal.latest).toMatch(session.epoch);
  const list = StreamListSchema.parse(await (await fetch(`${server.url}/v1/streams`)).json());
  expect(list).toMatchObject({
    streams: [{ stream: 'cam' }],
    provider: { name: 'cpu', reason: expect.any(String) },
  });
  subscriber.socket.close();
});

it('are ended by DELETE, publisher, subscribers, viewers and history', async () => {
  await using server = await startTestServer(engine);
  const subscriber = await new SocketReader(`${server.wsUrl}/v1/streams/cam/tokens`).open();
  const viewer = await new SocketReader(`${server.wsUrl}/v1/streams/cam/preview`).open();
  const publisher = await new SocketReader(`${server.wsUrl}/v1/streams/cam/publish`).open();
  publisher.socket.send(CLIP);
  const session = await publisherOf(server.app, 'cam');
  await expect.poll(() => session.statistics.messages.visual).toBeGreaterThan(0);
  const response = await fetch(`${server.url}/v1/streams/cam`, { method: 'DELETE' });
  expect(response.status).toBe(204);
  expect((await publisher.closed).code).toBe(4432);
  expect((await subscriber.closed).code).toBe(4432);
  expect((await viewer.closed).code).toBe(4432);
  expect(subscriber.texts.at(-1)).toMatchObject({ type: 'end', reason: 'deleted' });
  expect((await fetch(`${server.url}/v1/streams/cam`)).status).toBe(404);
  expect((await put(server)).status).toBe(201);
});

it('are forgotten when they have lingered, and not before', async () => {
  await using server = await startTestServer(engine, { lingerMs: 2000, heartbeatMs: 100 });
  await put(server);
  expect(await inspect(server)).toMatchObject({ state: 'ended', journal: { messages: 11 } });
  await expect.poll(async () => (await fetch(`${server.url}/v1/streams/cam`)).status).toBe(404);
});

it('are unknown where nobody published or waits', async () => {
  await using server = await startTestServer(engine);
  for (const method of ['GET', 'DELETE']) {
    const response = await fetch(`${server.url}/v1/streams/none`, { method });
    expect([response.status, await response.json()]).toMatchObject([404, { code: 'unknown-stream' }]);
  }
});
