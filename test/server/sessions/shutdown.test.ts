import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { concat, NEVER, of } from 'rxjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { journalMessage } from '../../support/epoch-messages.ts';
import { SocketReader } from '../../support/socket-reader.ts';
import {
  MEDIA,
  openTestEngine,
  publisherOf,
  startTestServer,
  type TestEngine,
} from '../../support/test-server.ts';

const CLIP = readFileSync(join(MEDIA, 'city-h264-p.ts'));

let engine: TestEngine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine.close());

it('announces itself, ends what runs, flushes it to subscribers, and closes in that order', async () => {
  const server = await startTestServer(engine, { shutdownGraceMs: 50_000, drainMs: 50_000 });
  const stream = `${server.wsUrl}/v1/streams/cam`;
  const subscriber = await new SocketReader(`${stream}/tokens`).open();
  const viewer = await new SocketReader(`${stream}/preview`).open();
  const publisher = await new SocketReader(`${stream}/publish?delivery=complete`).open();
  const session = await publisherOf(server.app, 'cam');
  publisher.socket.send(CLIP);
  await expect.poll(() => session.statistics.counters.unitsIn).toBeGreaterThan(60);

  const closing = server.app.shutdown();
  expect(server.app.shutdown()).toBe(closing);
  const refused = await fetch(`${server.url}/v1/streams/new`, { method: 'PUT', body: CLIP }).catch(
    () => undefined,
  );
  // The listener may be gone already, but nobody new is taken.
  expect([undefined, 503]).toContain(refused?.status);
  await closing;

  const types = subscriber.texts.map(({ type }) => type);
  expect(types.filter((type) => type === 'visual')).toHaveLength(3);
  expect(types.indexOf('goaway')).toBeLessThan(types.indexOf('end'));
  expect(subscriber.texts.at(-1)).toMatchObject({ type: 'end', reason: 'shutdown' });
  expect((await subscriber.closed).code).toBe(1001);
  expect((await viewer.closed).code).toBe(1001);
  expect((await publisher.closed).code).toBe(1001);
  expect(publisher.texts.at(-1)).toMatchObject({ type: 'summary', reason: 'shutdown', accessUnits: 75 });
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
});

it('cuts off a publisher that would not end in time', async () => {
  const server = await startTestServer(
    {
      ...engine,
      tokenize: (_source, { epoch }) => concat(of(journalMessage('start', 0, { epoch })), NEVER),
    },
    { shutdownGraceMs: 200 },
  );
  const publisher = await new SocketReader(`${server.wsUrl}/v1/streams/cam/publish`).open();
  const session = await publisherOf(server.app, 'cam');
  await server.app.shutdown();
  expect((await session.done).summary.reason).toBe('shutdown');
  expect((await publisher.closed).code).toBe(1001);
});

it('refuses publishers and readiness from then on', async () => {
  const server = await startTestServer(engine);
  server.app.readiness.withdraw();
  const ready = await fetch(`${server.url}/readyz`);
  expect([ready.status, await ready.json()]).toMatchObject([503, { code: 'shutting-down' }]);
  const put = await fetch(`${server.url}/v1/streams/cam`, { method: 'PUT', body: CLIP });
  expect([put.status, await put.json()]).toMatchObject([503, { code: 'shutting-down' }]);
  await server.app.shutdown();
});
