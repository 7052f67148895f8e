import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useVP9 } from 'werift';
import { decodeUnits } from '../../support/decode-video.ts';
import {
  openTestEngine,
  publishCity,
  startTestServer,
  type TestEngine,
  type TestServer,
} from '../../support/test-server.ts';
import { openUdpRelay } from '../../support/udp-relay.ts';
import { openTestClient } from '../../support/webrtc-client.ts';
import { openWhepClient, type WhepClient } from '../../support/whep-client.ts';

const PATIENT = { timeout: 50_000 };

let engine: TestEngine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine.close());

const view = ({ url }: TestServer, options: object = {}): Promise<WhepClient> =>
  openWhepClient({ url, stream: 'cam', ...options });
const post = ({ url }: TestServer, body: string, query = '', headers: object = {}): Promise<Response> =>
  fetch(`${url}/v1/streams/cam/whep${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp', ...headers },
    body,
  });
const offerOf = async (options: Parameters<typeof openTestClient>[0]): Promise<string> => {
  await using client = openTestClient(options);
  return await client.offer();
};
const count = async ({ url }: TestServer, line: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((each) => each.startsWith(`${line} `))
      ?.slice(line.length + 1) ?? 0,
  );
};

describe('POST', () => {
  it('answers with the connection, one source, and where to end it', async () => {
    await using server = await startTestServer(engine);
    await using viewer = await view(server);
    const { headers } = viewer.response;
    expect(headers.get('location')).toMatch(/^\/v1\/streams\/cam\/whep\/[\w-]{32}$/);
    expect(headers.get('etag')).toMatch(/^"[\w-]+"$/);
    expect(headers.get('accept-patch')).toBe('application/trickle-ice-sdpfrag');
    const answer = viewer.connection.remoteDescription!.sdp;
    for (const pattern of [
      /a=sendonly\r\n/,
      /a=rtpmap:96 H264\/90000\r\n/,
      /a=ssrc:\d+ cname:/,
      /a=ice-lite\r\n/,
    ])
      expect(answer).toMatch(pattern);
    expect(await fetch(viewer.location, { method: 'DELETE' })).toMatchObject({ status: 200 });
    await expect.poll(() => server.app.registry.viewers, PATIENT).toBe(0);
    expect(await fetch(viewer.location, { method: 'DELETE' })).toMatchObject({ status: 404 });
  });

  it('refuses what cannot be watched, and says why', async () => {
    await using server = await startTestServer(engine, { maxSubscribersPerStream: 1 });
    const refusal = async (body: string, query?: string): Promise<unknown> => {
      const response = await post(server, body, query);
      expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      return [response.status, ((await response.json()) as { code: string }).code];
    };
    const recvonly = await offerOf({ direction: 'recvonly' });
    expect(await refusal('nonsense')).toEqual([400, 'bad-sdp']);
    expect(await refusal(await offerOf({ direction: 'sendonly' }))).toEqual([422, 'no-video-section']);
    expect(await refusal(await offerOf({ direction: 'recvonly', codecs: [useVP9()] }))).toEqual([
      406,
      'no-common-codec',
    ]);
    const blind = recvonly.replaceAll('packetization-mode=1', 'packetization-mode=0');
    expect(await refusal(blind)).toEqual([406, 'no-common-codec']);
    expect(await refusal(recvonly, '?from=never')).toEqual([400, 'invalid-cursor']);
    await using _viewer = await view(server);
    await expect.poll(() => server.app.registry.viewers, PATIENT).toBe(1);
    expect(await refusal(recvonly)).toEqual([503, 'too-many']);
  });

  it('wants a token that may read', async () => {
    const tokens = (['publish', 'read'] as const).map((action) => ({
      token: `a-token-that-may-${action}`,
      actions: [action],
    }));
    await using server = await startTestServer(engine, { tokens });
    const offer = await offerOf({ direction: 'recvonly' });
    const statuses = [];
    for (const headers of [{}, ...tokens.map(({ token }) => ({ authorization: `Bearer ${token}` }))])
      statuses.push((await post(server, offer, '', headers)).status);
    expect(statuses).toEqual([401, 403, 201]);
  });

  it('takes a reader that trickles without If-Match, but no restart so', async () => {
    await using server = await startTestServer(engine);
    const offer = await offerOf({ direction: 'recvonly' });
    const location = (await post(server, offer)).headers.get('location')!;
    const [ufrag, pwd] = offer.match(/a=ice-(ufrag|pwd):.*/g)!;
    const patch = async (lines: readonly string[]): Promise<number> => {
      const body = [...lines, 'm=video 9 UDP/TLS/RTP/SAVPF 0', 'a=mid:0']
        .map((line) => `${line.trim()}\r\n`)
        .join('');
      const headers = { 'content-type': 'application/trickle-ice-sdpfrag' };
      return (await fetch(new URL(location, server.url), { method: 'PATCH', headers, body })).status;
    };
    expect(await patch([ufrag!, pwd!])).toBe(204);
    expect(await patch(['a=ice-ufrag:other', 'a=ice-pwd:other-password-of-22-bytes'])).toBe(428);
  });
});

describe('a viewer', () => {
  it.each(['h264', 'vp8'] as const)(
    'gets the reconstruction as %s, from before the publisher came',
    async (codec) => {
      await using server = await startTestServer(engine);
      await using viewer = await view(server, { codec });
      await expect.poll(() => server.app.registry.viewers, PATIENT).toBe(1);
      await publishCity(server);
      await expect.poll(() => viewer.units.length, PATIENT).toBeGreaterThanOrEqual(5);
      expect(viewer.units[0]!.isKeyframe).toBe(true);
      expect(Math.max(...viewer.packets.map(({ payload }) => payload.length))).toBeLessThanOrEqual(1188);
      const pictures = await decodeUnits(codec, viewer.units);
      expect(pictures.length).toBeGreaterThanOrEqual(5);
      expect(pictures[0]).toMatchObject({ widthPx: 456, heightPx: 256 });
    },
  );

  it('shares one encoder with all others, and begins at a keyframe however late it comes', async () => {
    await using server = await startTestServer(engine);
    await publishCity(server);
    const { preview } = server.app.registry.get('cam');
    await using first = await view(server);
    await expect.poll(() => first.units.length, PATIENT).toBeGreaterThanOrEqual(2);
    await using second = await view(server);
    await using third = await view(server);
    await expect.poll(() => second.units.length, PATIENT).toBeGreaterThanOrEqual(3);
    await expect.poll(() => third.units.length, PATIENT).toBeGreaterThanOrEqual(3);
    for (const { units } of [second, third]) {
      const from = first.units.findIndex(({ data }) => Buffer.compare(data, units[0]!.data) === 0);
      expect(units[0]!.isKeyframe).toBe(true);
      const shared = Math.min(units.length, first.units.length - from);
      expect(units.slice(0, shared).map(({ data }) => data)).toEqual(
        first.units.slice(from, from + shared).map(({ data }) => data),
      );
    }
    expect(preview.videos.h264).toMatchObject({ viewers: 3, isRunning: true });
    const { preview: shown } = (await (await fetch(`${server.url}/v1/streams/cam`)).json()) as {
      preview: { video: object };
    };
    expect(shown.video).toMatchObject({ h264: { viewers: 3, isRunning: true } });
  });

  it('who asks for keyframes all the time is heard ever more seldom', async () => {
    await using server = await startTestServer(engine);
    await publishCity(server);
    await using viewer = await view(server);
    await expect.poll(() => viewer.units.length, PATIENT).toBeGreaterThanOrEqual(1);
    const begunMs = performance.now();
    const held = (): Promise<number> =>
      count(server, 'kinoglyph_viewer_keyframe_requests_total{outcome="held"}');
    while ((await held()) < 40) await viewer.requestKeyframe();
    const passed = await count(server, 'kinoglyph_viewer_keyframe_requests_total{outcome="passed"}');
    const { keyframes } = server.app.registry.get('cam').preview.videos.h264!;
    expect(passed).toBeGreaterThanOrEqual(1);
    const elapsedMs = performance.now() - begunMs;
    // At 0, 0.5, 1.5, 3.5 and 7.5 s, then every 8 s.
    expect(passed).toBeLessThanOrEqual(2 + Math.min(4, Math.log2(1 + elapsedMs / 500)) + elapsedMs / 8000);
    expect(keyframes).toBeLessThanOrEqual(1 + passed);
    await expect
      .poll(() => viewer.units.filter(({ isKeyframe }) => isKeyframe).length, PATIENT)
      .toBeGreaterThan(1);
  });

  it('with bad reception has packets sent again, and harms nobody', async () => {
    await using server = await startTestServer(engine);
    const { port } = (await server.app.peers.open())[0]!;
    await using relay = await openUdpRelay(port, { seed: 7 });
    await using bad = await view(server, { port: relay.port });
    await using good = await view(server);
    await expect.poll(() => server.app.registry.viewers, PATIENT).toBe(2);
    relay.conditions.loss = 0.2;
    await publishCity(server);
    await expect
      .poll(() => count(server, 'kinoglyph_rtp_packets_sent_total{outcome="resent"}'), PATIENT)
      .toBeGreaterThanOrEqual(3);
    await expect.poll(() => good.units.length, PATIENT).toBeGreaterThanOrEqual(15);
    // The good one gets each packet once, in order and without a hole.
    const numbers = good.packets.map(({ header }) => header.sequenceNumber);
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0]! + index) & 0xffff));
    expect(good.lost()).toBe(0);
    expect(await decodeUnits('h264', good.units)).toHaveLength(good.units.length);
    expect(relay.counts.dropped).toBeGreaterThan(0);
    // The bad one gets what has been repaired.
    expect(bad.units.length).toBeGreaterThan(0);
    expect(server.app.registry.get('cam').preview.videos.h264).toMatchObject({ viewers: 2, dropped: 0 });
  });

  it('is dismissed with the stream', async () => {
    await using server = await startTestServer(engine);
    await publishCity(server);
    await using _viewer = await view(server, { channels: [{}] });
    const { registry } = server.app;
    await expect.poll(() => [registry.viewers, registry.subscribers], PATIENT).toEqual([1, 1]);
    await fetch(`${server.url}/v1/streams/cam`, { method: 'DELETE' });
    await expect.poll(() => server.app.peers.peers, PATIENT).toBe(0);
  });
});
