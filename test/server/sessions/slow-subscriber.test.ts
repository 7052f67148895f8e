import { Subject } from 'rxjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { JournalMessage } from '../../../client-sdk/protocol/messages.ts';
import { journalMessage } from '../../support/epoch-messages.ts';
import { SocketReader } from '../../support/socket-reader.ts';
import { openTestEngine, publisherOf, startTestServer, type TestEngine } from '../../support/test-server.ts';

/** About 60 kB as text: more of them than socket buffers hold, fewer than the journal does. */
const IDS = Array.from({ length: 9000 }, (_, index) => 100_000 + index);
const MESSAGES = 200;

let engine: TestEngine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine.close());

it('disconnects the one that is stuck, with a reason, while others get everything', async () => {
  const messages$ = new Subject<JournalMessage>();
  await using server = await startTestServer(
    { ...engine, tokenize: () => messages$ },
    { subscriberStallMs: 300, subscriberBufferBytes: 100_000 },
  );
  const publisher = await new SocketReader(`${server.wsUrl}/v1/streams/cam/publish`).open();
  const { epoch } = await publisherOf(server.app, 'cam');
  const url = `${server.wsUrl}/v1/streams/cam/tokens?until=end`;
  const [stuck, brisk] = await Promise.all([new SocketReader(url).open(), new SocketReader(url).open()]);
  await expect.poll(() => server.app.registry.subscribers).toBe(2);
  stuck.socket.pause();

  messages$.next(journalMessage('start', 0, { epoch }));
  for (let seq = 1; seq <= MESSAGES; seq++) {
    messages$.next(journalMessage('visual', seq, { epoch, ids: IDS, clip: seq - 1 }));
    await brisk.until(({ frames }) => frames.length === seq + 1);
  }
  await expect.poll(() => server.app.registry.get('cam').slowSubscribers).toBe(1);
  messages$.complete();

  expect(await brisk.closed).toEqual({ code: 1000, reason: '' });
  expect(brisk.texts.map(({ seq }) => seq)).toEqual(Array.from({ length: MESSAGES + 2 }, (_, seq) => seq));
  stuck.socket.resume();
  const closure = await stuck.closed;
  expect([4461, 1006]).toContain(closure.code);
  expect(stuck.frames.length).toBeLessThan(MESSAGES);
  await publisher.closed;
});

it('ends an HTTP subscriber that is stuck', async () => {
  const messages$ = new Subject<JournalMessage>();
  await using server = await startTestServer(
    { ...engine, tokenize: () => messages$ },
    { subscriberStallMs: 300, subscriberBufferBytes: 100_000 },
  );
  const publisher = await new SocketReader(`${server.wsUrl}/v1/streams/cam/publish`).open();
  const { epoch } = await publisherOf(server.app, 'cam');
  // A body that nobody reads fills the buffers between.
  const response = await fetch(`${server.url}/v1/streams/cam/tokens`);
  messages$.next(journalMessage('start', 0, { epoch }));
  for (let seq = 1; seq <= MESSAGES; seq++) {
    messages$.next(journalMessage('visual', seq, { epoch, ids: IDS, clip: seq - 1 }));
  }
  await expect.poll(() => server.app.registry.get('cam').slowSubscribers).toBe(1);
  expect(server.app.registry.subscribers).toBe(0);
  await expect(response.text()).rejects.toThrow();
  messages$.complete();
  await publisher.closed;
});
