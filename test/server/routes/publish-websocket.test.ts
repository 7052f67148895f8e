import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { beforeGap } from '../../support/before-gap.ts';
import { SocketReader } from '../../support/socket-reader.ts';
import {
  MEDIA,
  openTestEngine,
  publisherOf,
  startTestServer,
  type TestEngine,
} from '../../support/test-server.ts';

const CLIP = readFileSync(join(MEDIA, 'city-h264-p.ts'));
const END = JSON.stringify({ type: 'end' });

let engine: TestEngine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine.close());

function sendClip({ socket }: SocketReader, from = 0, to = CLIP.length): void {
  for (let at = from; at < to; at += 5000) socket.send(CLIP.subarray(at, Math.min(to, at + 5000)));
}

async function idsOf(url: string): Promise<{ type: string; ids?: number[] }[]> {
  const text = await (await fetch(`${url}/v1/streams/cam/tokens?from=earliest&until=end`)).text();
  const messages = text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  return messages.map(({ type, ids }) => ({ type, ids }));
}

it('is accepted, ended and summed up', async () => {
  await using server = await startTestServer(engine);
  const reader = await new SocketReader(`${server.wsUrl}/v1/streams/cam/publish`).open();
  sendClip(reader);
  reader.socket.send(END);
  expect(await reader.closed).toEqual({ code: 1000, reason: '' });
  expect(reader.texts).toEqual([
    { type: 'accepted', epoch: expect.any(String) },
    expect.objectContaining({ type: 'summary', accessUnits: 75, reason: 'finished' }),
  ]);
  expect(reader.texts[1]?.epoch).toBe(reader.texts[0]?.epoch);
});

it('gives the ids that PUT gives, for both deliveries', async () => {
  await using byPut = await startTestServer(engine);
  await fetch(`${byPut.url}/v1/streams/cam`, { method: 'PUT', body: CLIP });
  const expected = await idsOf(byPut.url);
  for (const delivery of ['live', 'complete']) {
    await using server = await startTestServer(engine);
    const reader = await new SocketReader(
      `${server.wsUrl}/v1/streams/cam/publish?delivery=${delivery}`,
    ).open();
    sendClip(reader);
    reader.socket.send(END);
    await reader.closed;
    const messages = await idsOf(server.url);
    const given = delivery === 'live' ? beforeGap(messages) : messages;
    expect(given).toEqual(given === messages ? expected : expected.slice(0, given.length));
    expect(given.filter(({ type }) => type === 'motion').length).toBeGreaterThan(1);
  }
});

it('takes what was sent before it was accepted', async () => {
  await using server = await startTestServer(engine);
  const url = `${server.wsUrl}/v1/streams/cam/publish`;
  const first = await new SocketReader(url).open();
  await first.until(({ texts }) => texts.length === 1);
  const second = await new SocketReader(`${url}?takeover=true`).open();
  sendClip(second);
  second.socket.send(END);
  expect(await first.closed).toMatchObject({ code: 4431 });
  expect(await second.closed).toMatchObject({ code: 1000 });
  expect(second.texts[1]).toMatchObject({ accessUnits: 75 });
});

it('is an abort when it closes without an end', async () => {
  await using server = await startTestServer(engine);
  const reader = await new SocketReader(`${server.wsUrl}/v1/streams/cam/publish`).open();
  sendClip(reader);
  const session = await publisherOf(server.app, 'cam');
  await expect.poll(() => session.statistics.messages.visual).toBeGreaterThan(0);
  reader.socket.close();
  expect((await session.done).summary.reason).toBe('aborted');
});

it('tells a browser by the close code why it is refused', async () => {
  await using server = await startTestServer(engine);
  const url = `${server.wsUrl}/v1/streams/cam/publish`;
  const first = await new SocketReader(url).open();
  await first.until(({ texts }) => texts.length === 1);
  expect(await new SocketReader(url).closed).toEqual({
    code: 4430,
    reason: expect.stringContaining('takeover'),
  });
  expect((await new SocketReader(`${server.wsUrl}/v1/streams/c@m/publish`).closed).code).toBe(4401);
  expect((await new SocketReader(`${url}?delivery=never`).closed).code).toBe(4400);
});

it('is closed for media that is none, with the reason', async () => {
  await using server = await startTestServer(engine);
  const reader = await new SocketReader(`${server.wsUrl}/v1/streams/cam/publish`).open();
  reader.socket.send(Buffer.alloc(100_000));
  const { code, reason } = await reader.closed;
  expect(code).toBe(4450);
  expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
  expect(reason).not.toBe('');
});

it.each(['hello', '{"type":"stop"}', '{}'])('is closed for the text %s', async (text) => {
  await using server = await startTestServer(engine);
  const reader = await new SocketReader(`${server.wsUrl}/v1/streams/cam/publish`).open();
  reader.socket.send(text);
  expect((await reader.closed).code).toBe(4400);
  await expect.poll(() => server.app.registry.publishers).toBe(0);
});

it('is closed when it stalls', async () => {
  await using server = await startTestServer(engine, { stallMs: 200 });
  const reader = await new SocketReader(`${server.wsUrl}/v1/streams/cam/publish`).open();
  expect((await reader.closed).code).toBe(4460);
});

it('is closed for a message over the limit', async () => {
  await using server = await startTestServer(engine, { maxPublishMessageBytes: 10_000 });
  const reader = await new SocketReader(`${server.wsUrl}/v1/streams/cam/publish`).open();
  reader.socket.send(Buffer.alloc(10_001));
  expect((await reader.closed).code).toBe(1009);
});
