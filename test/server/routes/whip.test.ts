import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useVP8 } from 'werift';
import type { Config } from '../../../server/config.ts';
import { OFFER } from '../../fuzz/webrtc.ts';
import {
  openTestEngine,
  publisherOf,
  startTestServer,
  type TestEngine,
  type TestServer,
} from '../../support/test-server.ts';
import { openTestClient } from '../../support/webrtc-client.ts';
import { call, codeOf, FRAGMENT, makeOffer, post, SDP, whereIs } from '../../support/whip-calls.ts';

let engine: TestEngine;
let offer: string;
beforeAll(async () => {
  engine = await openTestEngine();
  offer = await makeOffer();
});
afterAll(() => engine.close());

const start = (flags: Partial<Config> = {}): Promise<TestServer> => startTestServer(engine, flags);

describe('POST', () => {
  test('answers an offer with a connection of its own', async () => {
    const iceServers = [
      { urls: 'stun:stun.example:3478' },
      { urls: 'turn:turn.example?transport=udp', username: 'u', credential: 'a"b' },
    ];
    await using server = await start({ iceServers });
    const response = await post(server, offer);
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe(SDP);
    expect(whereIs(response)).toMatch(/^\/v1\/streams\/cam\/whip\/[\w-]{32}$/);
    expect(response.headers.get('etag')).toMatch(/^"[\w-]+"$/);
    expect(response.headers.get('accept-patch')).toBe(FRAGMENT);
    expect(response.headers.get('link')).toBe(
      '<stun:stun.example:3478>; rel="ice-server", ' +
        '<turn:turn.example?transport=udp>; rel="ice-server"; username="u"; credential="a\\"b"; credential-type="password"',
    );
    const answer = await response.text();
    for (const line of ['a=ice-lite', 'a=setup:passive', 'a=recvonly', 'a=rtcp-mux', 'a=end-of-candidates'])
      expect(answer).toContain(`${line}\r\n`);
    expect(answer).toMatch(/a=rtpmap:96 H264\/90000\r\n/);
    expect(answer).not.toContain('transport-cc');
    expect(answer).not.toContain('a=extmap');
    const stream = server.app.registry.get('cam');
    expect(stream.session).toMatchObject({ delivery: 'live', rtp: { connection: 'connecting' } });
  });

  test('answers candidates of the configured addresses and ports only', async () => {
    await using server = await start({
      webrtcPublicHosts: ['203.0.113.7'],
      webrtcPortMin: 41_000,
      webrtcPortMax: 42_000,
    });
    const answer = await (await post(server, offer)).text();
    const candidates = [...answer.matchAll(/a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host\r\n/g)];
    expect(candidates.map(([, address]) => address)).toEqual(['127.0.0.1', '203.0.113.7']);
    const [port] = new Set(candidates.map(([, , number]) => Number(number)));
    expect(port).toBeGreaterThanOrEqual(41_000);
    expect(port).toBeLessThanOrEqual(42_000);
  });

  const withVideo = (change: (sdp: string) => string) => () => change(offer);
  test.each<[string, () => string, number, string, RegExp]>([
    ['no SDP', () => 'hello', 400, 'bad-sdp', /media sections/],
    ['nothing', () => '', 400, 'bad-sdp', /got none/],
    ['a broken line', withVideo((sdp) => sdp.replace('m=video', 'm=video video')), 400, 'bad-sdp', /SDP/],
    ['no secret', withVideo((sdp) => sdp.replaceAll(/a=ice-pwd:.*/g, 'a=x')), 400, 'bad-sdp', /ice-pwd/],
    [
      'no certificate',
      withVideo((sdp) => sdp.replaceAll(/a=fingerprint:.*/g, 'a=x')),
      400,
      'bad-sdp',
      /fingerprint/,
    ],
    ['a lite peer', withVideo((sdp) => sdp.replace('t=0 0', 't=0 0\r\na=ice-lite')), 400, 'bad-sdp', /lite/],
    [
      'no video',
      withVideo((sdp) => sdp.replace('m=video', 'm=audio')),
      422,
      'no-video-section',
      /audio sendonly/,
    ],
    [
      'video that is only received',
      withVideo((sdp) => sdp.replace('a=sendonly', 'a=recvonly')),
      422,
      'no-video-section',
      /video recvonly/,
    ],
    [
      'another codec',
      withVideo((sdp) => sdp.replaceAll(/H264/gi, 'THEORA')),
      406,
      'no-common-codec',
      /H264.*VP8.*VP9.*AV1.*got THEORA/,
    ],
    [
      'a mode of H.264 that is not taken',
      withVideo((sdp) => sdp.replaceAll('packetization-mode=1', 'packetization-mode=2')),
      406,
      'no-common-codec',
      /packetization-mode/,
    ],
  ])('refuses %s', async (_what, sdpOf, status, code, detail) => {
    await using server = await start();
    const response = await post(server, sdpOf());
    expect([response.status, await response.json()]).toEqual([
      status,
      expect.objectContaining({ code, detail: expect.stringMatching(detail) }),
    ]);
    expect(server.app.registry.streams).toEqual([]);
  });

  test('refuses another content type, a larger offer, and a body that is coded', async () => {
    await using server = await start({ maxSdpBytes: 4096 });
    const path = '/v1/streams/cam/whip';
    const asText = call(server, 'POST', path, { 'content-type': 'text/plain', body: offer });
    expect(await codeOf(await asText)).toEqual([415, 'media-type']);
    const untyped = call(server, 'POST', path);
    expect(await codeOf(await untyped)).toEqual([415, 'media-type']);
    expect(await codeOf(await post(server, offer.padEnd(5000, '\r\na=x')))).toEqual([
      413,
      'message-too-large',
    ]);
  });

  test('is busy where somebody publishes, unless it takes the stream over', async () => {
    await using server = await start();
    const first = await post(server, offer);
    const { epoch } = await publisherOf(server.app, 'cam');
    expect(await codeOf(await post(server, offer))).toEqual([409, 'stream-busy']);
    const second = await post(server, offer, '?takeover=true');
    expect(second.status).toBe(201);
    expect((await publisherOf(server.app, 'cam')).epoch).not.toBe(epoch);
    expect(await codeOf(await call(server, 'DELETE', whereIs(first)))).toEqual([409, 'replaced']);
    expect((await call(server, 'DELETE', whereIs(second))).status).toBe(200);
  });

  test('is refused with a time to come again where there is no room', async () => {
    await using server = await start({ maxPeers: 1, retryAfterSeconds: 7 });
    expect((await post(server, offer)).status).toBe(201);
    const refused = await call(server, 'POST', '/v1/streams/other/whip', {
      'content-type': SDP,
      body: offer,
    });
    expect(refused.headers.get('retry-after')).toBe('7');
    expect(await codeOf(refused)).toEqual([503, 'too-many']);
    expect(server.app.registry.streams.map(({ name }) => name)).toEqual(['cam']);
    await using unready = await startTestServer(undefined);
    expect(await codeOf(await post(unready, offer))).toEqual([503, 'not-ready']);
  });

  test('wants a token that may publish this stream, for the connection too', async () => {
    const tokens = [
      { token: 'a-publisher-of-cam', actions: ['publish' as const], streams: ['cam'] },
      { token: 'a-reader-of-all---', actions: ['read' as const] },
    ];
    await using server = await start({ tokens });
    const postAs = (token: string | undefined, stream = 'cam'): Promise<Response> =>
      call(server, 'POST', `/v1/streams/${stream}/whip`, {
        'content-type': SDP,
        authorization: token && `Bearer ${token}`,
        body: offer,
      });
    expect(await codeOf(await postAs(undefined))).toEqual([401, 'unauthorized']);
    expect(await codeOf(await postAs('a-reader-of-all---'))).toEqual([403, 'forbidden']);
    expect(await codeOf(await postAs('a-publisher-of-cam', 'other'))).toEqual([403, 'forbidden']);
    const created = await postAs('a-publisher-of-cam');
    expect(created.status).toBe(201);
    expect((await call(server, 'DELETE', whereIs(created))).status).toBe(401);
    const authorization = 'Bearer a-publisher-of-cam';
    expect((await call(server, 'DELETE', whereIs(created), { authorization })).status).toBe(200);
  });

  test('accepts sound beside the video and discards it', async () => {
    await using server = await start();
    const sound = offer
      .slice(offer.indexOf('m=video'))
      .replace('m=video', 'm=audio')
      .replaceAll('96', '111')
      .replace(/H264\/90000/i, 'opus/48000/2')
      .replaceAll(/a=(fmtp|rtcp-fb|ssrc).*\r\n/g, '')
      .replace('a=mid:0', 'a=mid:1');
    const response = await post(server, `${offer.replace('BUNDLE 0', 'BUNDLE 0 1')}${sound}`);
    const answer = await response.text();
    expect(answer).toContain('a=group:BUNDLE 0 1\r\n');
    expect(answer).toMatch(
      /m=audio 9 \S+ 111\r\n[\s\S]*a=recvonly\r\n[\s\S]*a=rtpmap:111 opus\/48000\/2\r\n/,
    );
  });

  test('tells a browser where to begin, and other clients nothing of it', async () => {
    await using server = await start({ webrtcStartBitrate: 800_000 });
    const chromium = await post(server, OFFER);
    expect(await chromium.text()).toMatch(
      /a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f;x-google-start-bitrate=800\r\n/,
    );
    await using other = await start();
    const plain = offer.replaceAll(/a=rtcp-fb:.*goog-remb\r\n/g, '');
    expect(await (await post(other, plain)).text()).not.toContain('x-google');
  });

  test('begins the handshake itself where the publisher waits for it', async () => {
    await using server = await start();
    const response = await post(server, offer.replaceAll('actpass', 'passive'));
    expect(await response.text()).toContain('a=setup:active\r\n');
  });

  test('takes VP8 where H.264 is not offered', async () => {
    await using server = await start();
    await using client = openTestClient({ codecs: [useVP8({ payloadType: 97 })] });
    expect(await (await post(server, await client.offer())).text()).toContain('a=rtpmap:97 VP8/90000\r\n');
  });
});

describe('OPTIONS and CORS', () => {
  const ORIGIN = 'https://studio.example';

  test('tell what the endpoint takes, and the ICE servers to who may publish', async () => {
    const iceServers = [{ urls: 'stun:stun.example' }];
    const tokens = [{ token: 'a-publisher-of-all', actions: ['publish' as const] }];
    await using server = await start({ iceServers, tokens });
    const anybody = await call(server, 'OPTIONS', '/v1/streams/cam/whip');
    expect([anybody.status, anybody.headers.get('accept-post'), anybody.headers.get('link')]).toEqual([
      204,
      SDP,
      null,
    ]);
    const known = await call(server, 'OPTIONS', '/v1/streams/cam/whip', {
      authorization: 'Bearer a-publisher-of-all',
    });
    expect(known.headers.get('link')).toBe('<stun:stun.example>; rel="ice-server"');
  });

  test('let pages of listed origins publish and read the headers that a client needs', async () => {
    await using server = await start({ allowedOrigins: [ORIGIN] });
    const preflight = await call(server, 'OPTIONS', '/v1/streams/cam/whip/x', {
      origin: ORIGIN,
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'if-match',
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('if-match');
    const created = await call(server, 'POST', '/v1/streams/cam/whip', {
      origin: ORIGIN,
      'content-type': SDP,
      body: offer,
    });
    expect(created.status).toBe(201);
    expect(created.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    for (const header of ['location', 'etag', 'link'])
      expect(created.headers.get('access-control-expose-headers')).toContain(header);
  });

  test('are closed to all other pages', async () => {
    await using server = await start();
    const headers = { origin: 'https://evil.example', 'content-type': SDP, body: offer };
    expect(await codeOf(await call(server, 'POST', '/v1/streams/cam/whip', headers))).toEqual([
      403,
      'foreign-origin',
    ]);
    const preflight = await call(server, 'OPTIONS', '/v1/streams/cam/whip', {
      origin: 'https://evil.example',
      'access-control-request-method': 'POST',
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([403, null]);
  });
});
