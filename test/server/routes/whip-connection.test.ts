import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Config } from '../../../server/config.ts';
import {
  openTestEngine,
  publisherOf,
  startTestServer,
  type TestEngine,
  type TestServer,
} from '../../support/test-server.ts';
import { openTestClient } from '../../support/webrtc-client.ts';
import {
  call,
  codeOf,
  FRAGMENT,
  fragmentOf,
  makeOffer,
  patch,
  post,
  SDP,
  whereIs,
} from '../../support/whip-calls.ts';

let engine: TestEngine;
let offer: string;
beforeAll(async () => {
  engine = await openTestEngine();
  offer = await makeOffer();
});
afterAll(() => engine.close());

const start = (flags: Partial<Config> = {}): Promise<TestServer> => startTestServer(engine, flags);

describe('PATCH', () => {
  test('takes candidates under the tag of the session, and nothing under another', async () => {
    await using server = await start();
    const created = await post(server, offer);
    const location = whereIs(created);
    const etag = created.headers.get('etag') ?? '';
    const candidate = 'a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host\r\na=end-of-candidates\r\n';
    const trickled = await patch(server, location, fragmentOf(offer) + candidate, etag);
    expect([trickled.status, await trickled.text()]).toEqual([204, '']);
    expect(await codeOf(await patch(server, location, fragmentOf(offer)))).toEqual([
      428,
      'precondition-required',
    ]);
    expect(await codeOf(await patch(server, location, fragmentOf(offer), '"other"'))).toEqual([
      412,
      'precondition-failed',
    ]);
    const renewed = fragmentOf(offer, (line) => `${line.trim()}x`);
    expect(await codeOf(await patch(server, location, renewed, etag))).toEqual([412, 'precondition-failed']);
    expect(await codeOf(await patch(server, location, 'a=ice-ufrag:abcd', etag))).toEqual([400, 'bad-sdp']);
    expect(
      await codeOf(await patch(server, location, `${fragmentOf(offer)}a=candidate:x\r\n`, etag)),
    ).toEqual([400, 'bad-sdp']);
    const untyped = call(server, 'PATCH', location, { 'content-type': SDP, 'if-match': etag, body: offer });
    expect(await codeOf(await untyped)).toEqual([415, 'media-type']);
  });

  test('restarts ICE under any tag, and gives the session a new one', async () => {
    await using server = await start();
    const created = await post(server, offer);
    const answer = await created.text();
    const location = whereIs(created);
    const before = created.headers.get('etag') ?? '';
    const renewed = fragmentOf(offer, (line) => `${line.trim()}x`);
    const restarted = await patch(server, location, renewed, '*');
    expect(restarted.status).toBe(200);
    expect(restarted.headers.get('content-type')).toBe(FRAGMENT);
    const after = restarted.headers.get('etag') ?? '';
    expect(after).not.toBe(before);
    const fragment = await restarted.text();
    expect(fragment).toMatch(/^a=ice-ufrag:\S+\r\na=ice-pwd:\S+\r\n/);
    expect(fragment).toMatch(/a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 \d+ typ host\r\n/);
    expect(answer).not.toContain(/a=ice-ufrag:\S+/.exec(fragment)?.[0]);
    expect((await patch(server, location, renewed, before)).status).toBe(412);
    expect((await patch(server, location, renewed, after)).status).toBe(204);
    expect((await patch(server, location, renewed, '*')).status).toBe(204);
  });
});

describe('the connection', () => {
  test('ends by DELETE, once, and its stream can be published anew', async () => {
    await using server = await start();
    const created = await post(server, offer);
    const { done } = await publisherOf(server.app, 'cam');
    expect((await call(server, 'DELETE', whereIs(created))).status).toBe(200);
    expect((await done).summary.reason).toBe('finished');
    expect(await codeOf(await call(server, 'DELETE', whereIs(created)))).toEqual([404, 'not-found']);
    expect((await post(server, offer)).status).toBe(201);
  });

  test('is not found under another stream or a guessed name', async () => {
    await using server = await start();
    const location = whereIs(await post(server, offer));
    const elsewhere = location.replace('/cam/', '/other/');
    for (const path of [elsewhere, `${location}x`, location.replace('/whip/', '/whip/x')])
      expect(await codeOf(await call(server, 'DELETE', path))).toEqual([404, 'not-found']);
    expect((await call(server, 'DELETE', location)).status).toBe(200);
  });

  test('has no other methods, nor has the endpoint', async () => {
    await using server = await start();
    const location = whereIs(await post(server, offer));
    for (const method of ['GET', 'HEAD', 'PUT', 'POST']) {
      const response = await call(server, method, location);
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'PATCH, DELETE']);
    }
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      const response = await call(server, method, '/v1/streams/cam/whip');
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    }
  });

  test('tells a publisher whom the server has ended why, however it asks', async () => {
    await using server = await start();
    const location = whereIs(await post(server, offer));
    expect((await call(server, 'DELETE', '/v1/streams/cam')).status).toBe(204);
    for (let times = 0; times < 2; times++)
      expect(await codeOf(await call(server, 'DELETE', location))).toEqual([410, 'stream-ended']);
    expect(await codeOf(await patch(server, location, fragmentOf(offer), '*'))).toEqual([
      410,
      'stream-ended',
    ]);
    expect(await codeOf(await call(server, 'DELETE', location.replace('/cam/', '/other/')))).toEqual([
      404,
      'not-found',
    ]);
    expect((await post(server, offer)).status).toBe(201);
  });

  test('tells a publisher nothing of an end by its own silence', async () => {
    await using server = await start({ webrtcHandshakeMs: 100 });
    const location = whereIs(await post(server, offer));
    await (await publisherOf(server.app, 'cam')).done;
    await expect.poll(async () => (await call(server, 'DELETE', location)).status).toBe(404);
  });

  test('fails its epoch where the publisher never comes', async () => {
    await using server = await start({ webrtcHandshakeMs: 100 });
    await post(server, offer);
    const { done } = await publisherOf(server.app, 'cam');
    expect((await done).summary).toMatchObject({ reason: 'lost', accessUnits: 0 });
  });

  test('closes with the server', async () => {
    const server = await start();
    await using client = openTestClient();
    await client.answer(await (await post(server, await client.offer())).text());
    await vi.waitUntil(() => client.connection.connectionState === 'connected', { timeout: 30_000 });
    const { done } = await publisherOf(server.app, 'cam');
    await server[Symbol.asyncDispose]();
    expect((await done).summary.reason).toBe('shutdown');
  });
});
