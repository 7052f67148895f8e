import { createSocket } from 'node:dgram';
import { afterEach, expect, it, vi } from 'vitest';
import { loadConfig } from '../../../server/config.ts';
import { planChannels, planReceive } from '../../../server/webrtc/answer-sdp.ts';
import { decodeRtcp } from '../../../server/webrtc/decode-rtcp.ts';
import { encodeRtcp } from '../../../server/webrtc/encode-rtcp.ts';
import { LitePeerHost } from '../../../server/webrtc/lite-peer-host.ts';
import { parseOffer } from '../../../server/webrtc/offer-sdp.ts';
import { takeVideo } from '../../../server/webrtc/take-video.ts';
import { checkWebRtcSeed, damagedBytes, OFFER, RTCP } from '../../fuzz/webrtc.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { openTestClient, type TestClient } from '../../support/webrtc-client.ts';

const SEEDS = 2000;
const DATAGRAMS = 600;
const random = seededRandom(7);
const below = (limit: number): number => Math.floor(random() * limit);
const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, () => below(256)));

const unhandled = vi.fn();
process.on('unhandledRejection', unhandled);
afterEach(() => expect(unhandled).not.toHaveBeenCalled());

it('takes the undamaged seeds for what they are', () => {
  const { video, plans } = takeVideo(parseOffer(OFFER));
  expect([video.codec, plans.map(({ type }) => type)]).toEqual(['h264', ['receive', 'receive', 'channels']]);
  expect(decodeRtcp(encodeRtcp(RTCP))).toEqual(RTCP);
});

it(`keeps its promises for ${SEEDS} damaged offers, fragments and packets`, { timeout: 60_000 }, () => {
  for (let seed = 0; seed < SEEDS; seed++) checkWebRtcSeed(seed);
});

async function connected(): Promise<{
  host: LitePeerHost;
  client: TestClient;
  heard: { packets: number; end?: string };
}> {
  const host = new LitePeerHost(loadConfig({ env: {} }), { onUdpFault: () => undefined });
  const client = openTestClient({ channel: 'tokens' });
  const heard: { packets: number; end?: string } = { packets: 0 };
  const offer = parseOffer(await client.offer());
  const plans = offer.media.map(({ codecs: [codec], channels }) =>
    codec && !channels ? planReceive(codec) : planChannels(),
  );
  const peer = await host.accept(offer, plans, {
    onRtp: () => {
      heard.packets += 1;
    },
    onClosed: (end) => {
      heard.end = end;
    },
  });
  await client.answer(peer.answer);
  await vi.waitUntil(() => client.connection.connectionState === 'connected', { timeout: 50_000 });
  return { host, client, heard };
}

it('lives on under noise from strangers, and goes on with its peer', { timeout: 60_000 }, async () => {
  const { host, client, heard } = await connected();
  const [endpoint] = await host.open();
  const stranger = createSocket('udp4');
  for (let count = 0; count < DATAGRAMS; count++) {
    const first = [0, 1, 20, 22, 63, 128, 144, 191, 255][below(9)]!;
    const stun = Buffer.concat([Buffer.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]), noise(below(80))]);
    if (stun.length >= 20) stun.writeUInt16BE(stun.length - 20, 2);
    const datagram = below(2) === 0 ? Buffer.concat([Buffer.from([first]), noise(below(1200))]) : stun;
    stranger.send(datagram, endpoint!.port, endpoint!.address);
  }
  await vi.waitUntil(
    () => {
      client.track.writeRtp(rtp(96));
      return heard.packets > 0;
    },
    { timeout: 50_000 },
  );
  expect(heard.end).toBeUndefined();
  stranger.close();
  await client[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

it('lives on under damaged packets of its own peer', {
  timeout: 60_000,
}, async () => {
  const { host, client } = await connected();
  const [transport] = client.connection.dtlsTransports;
  const ice = transport!.iceTransport.connection;
  for (let count = 0; count < DATAGRAMS; count++) {
    const [sctp, compound] = [noise(12 + below(200)), damagedBytes(encodeRtcp(RTCP), below)];
    // The source port and the tag of an INIT are what a packet needs to be looked at.
    sctp.writeUInt16BE(5000, 0);
    sctp.writeUInt16BE(5000, 2);
    sctp.writeUInt32BE(0, 4);
    if (sctp.length > 12) sctp[12] = [0, 1, 3, 4, 6, 10, 130, 192][below(8)]!;
    await transport!.sendData(sctp);
    if (compound.length >= 8) await ice.send(transport!.srtcp.encrypt(compound));
    await ice.send(Buffer.concat([Buffer.from([20 + below(44), 254, 253]), noise(below(100))]));
    await ice.send(Buffer.concat([Buffer.from([128, below(256)]), noise(below(100))]));
  }
  await client[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
  expect(host.peers).toBe(0);
});

/** A packet of one payload type with one byte of payload. */
const rtp = (payloadType: number): Buffer =>
  Buffer.from([128, payloadType, 0, below(256), 0, 0, 0, 0, 0, 0, 0, 1, 0x65]);
