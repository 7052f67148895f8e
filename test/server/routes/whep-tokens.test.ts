import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeBinary } from '../../../client-sdk/protocol/binary.ts';
import type { Message, StartMessage } from '../../../client-sdk/protocol/messages.ts';
import {
  openTestEngine,
  publishCity,
  startTestServer,
  type TestEngine,
  type TestServer,
} from '../../support/test-server.ts';
import { openUdpRelay } from '../../support/udp-relay.ts';
import { openWhepClient, type WhepClient, type WhepClientOptions } from '../../support/whep-client.ts';

const PATIENT = { timeout: 50_000 };

let engine: TestEngine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine.close());

const view = ({ url }: TestServer, options: Partial<WhepClientOptions>): Promise<WhepClient> =>
  openWhepClient({ url, stream: 'cam', ...options });
const ndjson = async ({ url }: TestServer, query: string): Promise<string[]> =>
  (await (await fetch(`${url}/v1/streams/cam/tokens?${query}`)).text()).trim().split('\n');

it('carries the messages of the journal, as its protocol or the address asks for', async () => {
  await using server = await startTestServer(engine);
  await publishCity(server);
  const expected = await ndjson(server, 'from=earliest&until=end');
  await using viewer = await view(server, {
    codec: 'none',
    query: '?from=earliest&layout=llm',
    channels: [
      { protocol: 'layout=llm' },
      { protocol: 'format=binary&layout=llm' },
      { protocol: `from=${JSON.parse(expected[3]!).epoch}:3` },
    ],
  });
  const [json, binary, resumed] = viewer.channels;
  const withIds = await ndjson(server, 'from=earliest&until=end&layout=llm');
  await expect.poll(() => json!.received, PATIENT).toEqual(withIds);
  await expect.poll(() => binary!.received.length, PATIENT).toBe(expected.length);
  const messages: Message[] = binary!.received.map((message) =>
    typeof message === 'string'
      ? JSON.parse(message)
      : decodeBinary(message, JSON.parse(expected[0]!) as StartMessage)!,
  );
  expect(messages).toEqual(withIds.map((line) => JSON.parse(line)));
  await expect.poll(() => resumed!.received.length, PATIENT).toBe(expected.length - 3);
  const [start, ...rest] = resumed!.received.map((message) => JSON.parse(String(message)));
  expect(start).toEqual({ ...JSON.parse(expected[0]!), replay: true });
  expect(rest).toEqual(withIds.slice(4).map((line) => JSON.parse(line)));
  expect(server.app.registry.subscribers).toBe(3);
});

it('follows a live stream and closes after its end where that is asked for', async () => {
  await using server = await startTestServer(engine);
  await using viewer = await view(server, { channels: [{ protocol: 'until=end' }] });
  const [channel] = viewer.channels;
  await expect.poll(() => server.app.registry.subscribers, PATIENT).toBe(1);
  await publishCity(server);
  await expect.poll(() => channel!.readyState, PATIENT).toBe('closed');
  expect(channel!.received).toEqual(await ndjson(server, 'from=earliest&until=end'));
  expect(server.app.registry.subscribers).toBe(0);
  expect(server.app.registry.viewers).toBe(1);
});

it('is told why it is refused, and closed; one of another label is closed', async () => {
  await using server = await startTestServer(engine, { maxSubscribersPerStream: 1 });
  await using viewer = await view(server, {
    codec: 'none',
    channels: [
      { label: 'chat' },
      { protocol: 'from=never' },
      { ordered: false },
      { protocol: 'from=earliest' },
      { protocol: 'from=live' },
    ],
  });
  const codes = (): unknown[] =>
    viewer.channels.map(({ received, readyState }) => [
      readyState,
      received.map((message) => (JSON.parse(String(message)) as { code: string }).code),
    ]);
  await expect.poll(codes, PATIENT).toEqual([
    ['closed', []],
    ['closed', ['invalid-cursor']],
    ['closed', ['bad-request']],
    ['open', []],
    ['closed', ['too-many']],
  ]);
});

it('is given up where its reader takes nothing, and nobody else', async () => {
  await using server = await startTestServer(engine, { subscriberStallMs: 500, webrtcSilenceMs: 60_000 });
  const { port } = (await server.app.peers.open())[0]!;
  await using relay = await openUdpRelay(port, { seed: 7 });
  await publishCity(server);
  await using bad = await view(server, {
    codec: 'none',
    port: relay.port,
    channels: [{ protocol: 'from=earliest' }],
  });
  await using good = await view(server, { codec: 'none', channels: [{ protocol: 'from=earliest' }] });
  await expect.poll(() => bad.channels[0]!.received.length, PATIENT).toBeGreaterThan(0);
  relay.conditions.loss = 1;
  const { journal } = server.app.registry.get('cam');
  while (server.app.registry.get('cam').slowSubscribers === 0) await publishCity(server);
  await expect.poll(() => good.channels[0]!.received.length, PATIENT).toBe(journal.endPosition);
  expect(server.app.registry.subscribers).toBe(1);
}, 60_000);
