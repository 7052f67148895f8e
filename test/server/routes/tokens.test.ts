import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeBinary } from '../../../client-sdk/protocol/binary.ts';
import { type Message, MessageSchema, type StartMessage } from '../../../client-sdk/protocol/messages.ts';
import { EPOCHS } from '../../support/epoch-messages.ts';
import { type Frame, SocketReader } from '../../support/socket-reader.ts';
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

async function publishClip({ url }: TestServer, stream = 'cam'): Promise<string> {
  const response = await fetch(`${url}/v1/streams/${stream}`, { method: 'PUT', body: CLIP });
  expect(response.status).toBe(201);
  return ((await response.json()) as { epoch: string }).epoch;
}

async function readNdjson(url: string, headers: Record<string, string> = {}): Promise<Message[]> {
  const response = await fetch(url, { headers });
  expect(response.headers.get('content-type')).toMatch('application/x-ndjson');
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => MessageSchema.parse(JSON.parse(line)));
}

/** Everything that a WebSocket gets until it is closed, decoded. */
async function readSocket(url: string): Promise<{ messages: Message[]; frames: Frame[]; code: number }> {
  const reader = new SocketReader(url);
  const { code } = await reader.closed;
  let start: StartMessage | undefined;
  const messages = reader.frames.map((frame) => {
    const message = decodeBinary(frame, start)!;
    if (message.type === 'start') start = message;
    return message;
  });
  return { messages, frames: reader.frames, code };
}

const kinds = (messages: readonly Message[]): string[] =>
  messages.map((message) =>
    'replay' in message && message.replay
      ? 'replay'
      : 'seq' in message
        ? `${message.type}${message.seq}`
        : message.type,
  );

describe('one publication', () => {
  let server: TestServer;
  let base: string;
  let epoch: string;
  let all: Message[];
  beforeAll(async () => {
    server = await startTestServer(engine);
    base = `/v1/streams/cam/tokens?until=end&from=`;
    epoch = await publishClip(server);
    all = await readNdjson(`${server.url}${base}earliest`);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('is a start, clips in media order, and an end, without a hole', () => {
    expect(kinds(all)).toEqual([
      'start0',
      'visual1',
      'motion2',
      'motion3',
      'visual4',
      'motion5',
      'motion6',
      'visual7',
      'motion8',
      'motion9',
      'end10',
    ]);
  });

  it('is the same as JSON and as binary on a WebSocket', async () => {
    const json = await readSocket(`${server.wsUrl}${base}earliest`);
    const binary = await readSocket(`${server.wsUrl}${base}earliest&format=binary`);
    expect([json.code, binary.code]).toEqual([1000, 1000]);
    expect(json.messages).toEqual(all);
    expect(binary.messages).toEqual(all);
    expect(binary.frames.map((frame) => typeof frame === 'string')).toEqual(
      all.map(({ type }) => type === 'start' || type === 'end'),
    );
  });

  it('is the same with flat ids as JSON and as binary', async () => {
    const json = await readSocket(`${server.wsUrl}${base}earliest&layout=llm`);
    const binary = await readSocket(`${server.wsUrl}${base}earliest&layout=llm&format=binary`);
    const { llm } = (all[0] as StartMessage).layout;
    expect(binary.messages).toEqual(json.messages);
    expect(json.messages[1]).toEqual({
      ...all[1],
      llm: [
        llm.imageStart,
        ...(all[1] as { ids: number[] }).ids.map((id) => llm.visualOffset + id),
        llm.imageEnd,
      ],
    });
  });

  it('is the same as server-sent events, whose ids are cursors', async () => {
    const response = await fetch(`${server.url}${base}earliest`, {
      headers: { accept: 'text/event-stream' },
    });
    expect(response.headers.get('content-type')).toMatch('text/event-stream');
    const events = (await response.text()).split('\n\n').filter((event) => event.startsWith('id: '));
    const parsed = events.map((event) => {
      const [id = '', data = ''] = event.split('\n');
      return { id: id.slice(4), message: JSON.parse(data.slice(6)) };
    });
    expect(parsed.map(({ message }) => message)).toEqual(all);
    expect(parsed.map(({ id }) => id)).toEqual(all.map((_, seq) => `${epoch}:${seq}`));
  });

  it('is resumed exactly after every cursor', async () => {
    for (let seq = 0; seq < all.length - 1; seq++) {
      const rest = await readNdjson(`${server.url}${base}${epoch}:${seq}`);
      expect(rest).toEqual([{ ...all[0], replay: true }, ...all.slice(seq + 1)]);
    }
  });

  it('is resumed after Last-Event-ID, whatever from says', async () => {
    const rest = await readNdjson(`${server.url}${base}earliest`, { 'last-event-id': `${epoch}:8` });
    expect(kinds(rest)).toEqual(['replay', 'motion9', 'end10']);
  });

  it('answers a cursor of an unknown epoch with everything and a skip', async () => {
    const got = await readNdjson(`${server.url}${base}${EPOCHS.never}:3`);
    expect(kinds(got)).toEqual(['skip', ...kinds(all)]);
    expect(got[0]).toEqual({
      type: 'skip',
      from: `${EPOCHS.never}:3`,
      to: `${epoch}:0`,
      reason: 'unknown-epoch',
    });
  });

  it.each([
    ['from=yesterday', 400, 4403, 'invalid-cursor'],
    ['from=01HZZZZZZZZZZZZZZZZZZZZZZA', 400, 4403, 'invalid-cursor'],
    ['until=tomorrow', 400, 4400, 'bad-request'],
    ['layout=flat', 400, 4400, 'bad-request'],
    ['format=xml', 400, 4400, 'bad-request'],
  ])('refuses %s over HTTP and WebSocket alike', async (query, status, closeCode, code) => {
    const path = `/v1/streams/cam/tokens?${query}`;
    const response = await fetch(`${server.url}${path}`);
    expect([response.status, await response.json()]).toMatchObject([status, { code }]);
    expect((await new SocketReader(`${server.wsUrl}${path}`).closed).code).toBe(closeCode);
  });

  it('refuses a cursor of the future', async () => {
    const response = await fetch(`${server.url}${base}${epoch}:11`);
    expect(await response.json()).toMatchObject({
      code: 'invalid-cursor',
      detail: expect.stringContaining('11'),
    });
  });

  it('refuses the binary form over HTTP', async () => {
    const response = await fetch(`${server.url}${base}earliest&format=binary`);
    expect(await response.json()).toMatchObject({ code: 'bad-request' });
  });
});

describe('a subscriber', () => {
  it('that comes before the publisher waits and gets everything', async () => {
    await using server = await startTestServer(engine);
    const reader = new SocketReader(`${server.wsUrl}/v1/streams/cam/tokens?until=end`);
    await reader.open();
    await publishClip(server);
    expect((await reader.closed).code).toBe(1000);
    expect(kinds(reader.texts as Message[])).toEqual(expect.arrayContaining(['start0', 'end10']));
    expect(reader.texts).toHaveLength(11);
  });

  it('waits in bounded number', async () => {
    await using server = await startTestServer(engine, { maxWaiting: 1 });
    await new SocketReader(`${server.wsUrl}/v1/streams/one/tokens`).open();
    await expect.poll(() => server.app.registry.subscribers).toBe(1);
    const { code, reason } = await new SocketReader(`${server.wsUrl}/v1/streams/two/tokens`).closed;
    expect([code, reason]).toEqual([4471, expect.stringContaining('at most 1')]);
    const response = await fetch(`${server.url}/v1/streams/two/tokens`);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
  });

  it('waits in bounded time', async () => {
    await using server = await startTestServer(engine, { waitMs: 50 });
    const reader = new SocketReader(`${server.wsUrl}/v1/streams/cam/tokens`);
    expect((await reader.closed).code).toBe(4462);
    const overHttp = await readNdjson(`${server.url}/v1/streams/cam/tokens`);
    expect(overHttp).toEqual([{ type: 'goaway', inMs: 0 }]);
    await expect.poll(() => server.app.registry.streams).toEqual([]);
  });

  it('beyond the number for one stream is refused', async () => {
    await using server = await startTestServer(engine, { maxSubscribersPerStream: 2 });
    await publishClip(server);
    const url = `${server.wsUrl}/v1/streams/cam/tokens`;
    await Promise.all([new SocketReader(url).open(), new SocketReader(url).open()]);
    await expect.poll(() => server.app.registry.subscribers).toBe(2);
    expect((await new SocketReader(url).closed).code).toBe(4471);
  });

  it('that sends a message over the limit is closed', async () => {
    await using server = await startTestServer(engine, { maxWebSocketMessageBytes: 2000 });
    const reader = await new SocketReader(`${server.wsUrl}/v1/streams/cam/tokens`).open();
    reader.socket.send(Buffer.alloc(2001));
    expect((await reader.closed).code).toBe(1009);
  });

  it('gets heartbeats in the manner of its connection', async () => {
    await using server = await startTestServer(engine, { heartbeatMs: 20 });
    const reader = await new SocketReader(`${server.wsUrl}/v1/streams/cam/tokens`).open();
    await new Promise((resolve) => reader.socket.once('ping', resolve));
    for (const [accept, beat] of [
      ['application/x-ndjson', '\n'],
      ['text/event-stream', ':\n\n'],
    ] as const) {
      const response = await fetch(`${server.url}/v1/streams/cam/tokens`, { headers: { accept } });
      const body = response.body!.getReader();
      expect(Buffer.from((await body.read()).value!).toString()).toBe(beat);
      await body.cancel();
    }
  });

  it('that has gone leaves nothing behind', async () => {
    await using server = await startTestServer(engine);
    const reader = await new SocketReader(`${server.wsUrl}/v1/streams/cam/tokens`).open();
    const response = await fetch(`${server.url}/v1/streams/cam/tokens`);
    await expect.poll(() => server.app.registry.subscribers).toBe(2);
    reader.socket.terminate();
    await response.body!.cancel();
    await expect.poll(() => server.app.registry.subscribers).toBe(0);
  });
});

it('lets 500 WebSocket subscribers read one tokenization', async () => {
  const SUBSCRIBERS = 500;
  await using server = await startTestServer(engine, { maxWaiting: SUBSCRIBERS });
  const url = `${server.wsUrl}/v1/streams/cam/tokens?until=end`;
  const readers = Array.from(
    { length: SUBSCRIBERS },
    (_, at) => new SocketReader(at % 2 ? `${url}&format=binary` : url),
  );
  await Promise.all(readers.map((reader) => reader.open()));
  await expect.poll(() => server.app.registry.subscribers).toBe(SUBSCRIBERS);
  const before = { ...engine.runs };
  await publishClip(server);
  const closures = await Promise.all(readers.map(({ closed }) => closed));
  expect(closures.every(({ code }) => code === 1000)).toBe(true);
  expect(readers.every(({ frames }) => frames.length === 11)).toBe(true);
  expect({
    keyframes: engine.runs.keyframes - before.keyframes,
    chunks: engine.runs.chunks - before.chunks,
  }).toEqual({
    keyframes: 3,
    chunks: 6,
  });
});

it('begins a live subscription in mid-stream with the open clip', async () => {
  await using server = await startTestServer(engine);
  let push: (chunk: Uint8Array) => void = () => undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      push = (chunk) => controller.enqueue(chunk);
    },
  });
  const publishing = new AbortController();
  const published = fetch(`${server.url}/v1/streams/cam`, {
    method: 'PUT',
    body,
    duplex: 'half',
    signal: publishing.signal,
  } as RequestInit).catch(() => undefined);
  push(CLIP.subarray(0, CLIP.length * 0.95));
  const session = await publisherOf(server.app, 'cam');
  await expect.poll(() => session.statistics.messages.visual).toBe(3);
  const { journal } = server.app.registry.get('cam');
  const open = journal.at(journal.live().position)!.message;
  const reader = new SocketReader(`${server.wsUrl}/v1/streams/cam/tokens`);
  await reader.until(({ frames }) => frames.length >= 2);
  expect(reader.texts[0]).toMatchObject({ type: 'start', replay: true, seq: 0 });
  expect(reader.texts[1]).toEqual(open);
  expect(open.type).toBe('visual');
  publishing.abort();
  await published;
});
