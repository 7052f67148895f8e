import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  classes,
  MediaStreamTrack,
  Message,
  methods,
  RTCPeerConnection,
  RtpHeader,
  RtpPacket,
  useH264,
} from 'werift';
import type { RtpPacketView } from '../../../pipeline/rtp/rtp-packet.ts';
import { loadConfig } from '../../../server/config.ts';
import { planChannels, planReceive } from '../../../server/webrtc/answer-sdp.ts';
import { LitePeerHost } from '../../../server/webrtc/lite-peer-host.ts';
import { parseOffer } from '../../../server/webrtc/offer-sdp.ts';
import type { Peer, PeerChannel, PeerEnd, PeerListener } from '../../../server/webrtc/peer.ts';
import type { RtcpPacket } from '../../../server/webrtc/rtcp-packet.ts';
import type { UdpFault } from '../../../server/webrtc/udp-mux.ts';

const SSRC = 0x1234_5678;
const release: (() => Promise<unknown>)[] = [];
const faults: UdpFault[] = [];

afterEach(async () => {
  for (const close of release.splice(0).reverse()) await close();
  expect(faults.splice(0)).toEqual([]);
});

/** What a server's peer has heard. */
class Heard implements PeerListener {
  readonly rtp: RtpPacketView[] = [];
  readonly rtcp: RtcpPacket[] = [];
  readonly channels: PeerChannel[] = [];
  isConnected = false;
  end: PeerEnd | undefined;
  onConnected(): void {
    this.isConnected = true;
  }
  onRtp(packet: RtpPacketView): void {
    this.rtp.push(packet);
  }
  onRtcp(packet: RtcpPacket): void {
    this.rtcp.push(packet);
  }
  onChannel(channel: PeerChannel): void {
    this.channels.push(channel);
  }
  onClosed(end: PeerEnd): void {
    this.end = end;
  }
}

function openHost(flags: Record<string, unknown> = {}): LitePeerHost {
  const host = new LitePeerHost(loadConfig({ env: {}, flags }), {
    onUdpFault: (fault) => faults.push(fault),
  });
  release.push(() => host[Symbol.asyncDispose]());
  return host;
}

function openClient(): { client: RTCPeerConnection; track: MediaStreamTrack } {
  const client = new RTCPeerConnection({
    codecs: { video: [useH264({ payloadType: 96 })] },
    iceServers: [],
    iceAdditionalHostAddresses: ['127.0.0.1'],
    bundlePolicy: 'max-bundle',
  });
  release.push(() => client.close());
  const track = new MediaStreamTrack({ kind: 'video' });
  client.addTransceiver(track, { direction: 'sendonly' });
  return { client, track };
}

async function connect(host: LitePeerHost, client: RTCPeerConnection, heard: Heard): Promise<Peer> {
  await client.setLocalDescription(await client.createOffer());
  const offer = parseOffer(client.localDescription?.sdp ?? '');
  const plans = offer.media.map(({ kind, codecs: [codec] }) =>
    kind === 'video' && codec ? planReceive(codec) : planChannels(),
  );
  const peer = await host.accept(offer, plans, heard);
  await client.setRemoteDescription({ type: 'answer', sdp: peer.answer });
  return peer;
}

const packet = (sequenceNumber: number, payload: Buffer): RtpPacket =>
  new RtpPacket(
    new RtpHeader({
      payloadType: 96,
      sequenceNumber,
      timestamp: 90 * sequenceNumber,
      ssrc: SSRC,
      marker: true,
    }),
    payload,
  );

/** A connectivity check (RFC 8445 7.1) with the names of a session, signed with a password. */
function checkOf(
  { local, remote }: Peer['ice'],
  { password, isNominating = false }: { password: string; isNominating?: boolean },
): Message {
  const request = new Message(methods.BINDING, classes.REQUEST)
    .setAttribute('USERNAME', `${local.ufrag}:${remote.ufrag}`)
    .setAttribute('PRIORITY', 1)
    .setAttribute('ICE-CONTROLLING', 1n);
  if (isNominating) request.setAttribute('USE-CANDIDATE', null);
  return request.addMessageIntegrity(Buffer.from(password)).addFingerprint();
}

describe('LitePeer', () => {
  test('takes RTP and RTCP of a peer and sends RTCP to it', async () => {
    const heard = new Heard();
    const { client, track } = openClient();
    const peer = await connect(openHost(), client, heard);
    await vi.waitUntil(() => heard.isConnected && client.connectionState === 'connected', {
      timeout: 30_000,
    });
    const keyframeRequests = vi.fn();
    client.getSenders()[0]?.onPictureLossIndication.subscribe(keyframeRequests);
    for (let index = 0; index < 20; index++) track.writeRtp(packet(index, Buffer.from([0x65, index])));
    await vi.waitUntil(() => heard.rtp.length === 20);
    expect(heard.rtp.map(({ payload }) => payload[1])).toEqual([...Array(20).keys()]);
    await vi.waitUntil(() => heard.rtcp.some(({ type }) => type === 'sender-report'), { timeout: 30_000 });
    const ssrc = heard.rtp[0]?.ssrc ?? 0;
    peer.sendRtcp([
      { type: 'receiver-report', ssrc: 1, reports: [] },
      { type: 'pli', sender: 1, media: ssrc },
    ]);
    await vi.waitUntil(() => keyframeRequests.mock.calls.length === 1);
  });

  test('carries data channels that the peer opens, reliable and in order', async () => {
    const heard = new Heard();
    const { client } = openClient();
    const channel = client.createDataChannel('tokens', { protocol: 'json' });
    await connect(openHost(), client, heard);
    const opened = await vi.waitUntil(() => heard.channels[0], { timeout: 30_000 });
    expect(opened).toMatchObject({ label: 'tokens', protocol: 'json', isReliable: true });
    const said: unknown[] = [];
    const got: unknown[] = [];
    opened.onMessage((message) => said.push(message));
    channel.onMessage.subscribe((message) => void got.push(message));
    channel.send('hello');
    const long = 'x'.repeat(20_000);
    for (const message of ['one', long, 'three']) opened.send(message);
    await vi.waitUntil(() => got.length === 3 && said.length === 1);
    expect(got).toEqual(['one', long, 'three']);
    expect(said).toEqual(['hello']);
    const closed = vi.fn();
    opened.onClosed(closed);
    await client.close();
    await vi.waitUntil(() => heard.end !== undefined, { timeout: 30_000 });
    expect(closed).toHaveBeenCalledOnce();
  });

  test('is lost when nothing is heard any more', async () => {
    const heard = new Heard();
    const { client } = openClient();
    const host = openHost({ webrtcSilenceMs: 300 });
    await connect(host, client, heard);
    await vi.waitUntil(() => heard.isConnected && client.connectionState === 'connected', {
      timeout: 30_000,
    });
    expect(host.peers).toBe(1);
    await client.close();
    await vi.waitUntil(() => heard.end !== undefined);
    expect(heard.end).toBe('lost');
    expect(host.peers).toBe(0);
  });

  test('fails where the peer never comes, or comes with another certificate', async () => {
    const absent = new Heard();
    const host = openHost({ webrtcHandshakeMs: 200 });
    const { client } = openClient();
    await client.setLocalDescription(await client.createOffer());
    await host.accept(parseOffer(client.localDescription?.sdp ?? ''), [], absent);
    await vi.waitUntil(() => absent.end !== undefined);
    expect(absent.end).toBe('failed');

    const foreign = new Heard();
    const { client: other } = openClient();
    await other.setLocalDescription(await other.createOffer());
    const sdp = (other.localDescription?.sdp ?? '').replaceAll(/(a=fingerprint:sha-256 )\S\S/g, '$100');
    const peer = await openHost().accept(parseOffer(sdp), [], foreign);
    await other.setRemoteDescription({ type: 'answer', sdp: peer.answer });
    await vi.waitUntil(() => foreign.end !== undefined, { timeout: 30_000 });
    expect(foreign).toMatchObject({ end: 'failed', isConnected: false });
  });

  test('neither answers nor follows who does not know the secret', async () => {
    const heard = new Heard();
    const { client, track } = openClient();
    const host = openHost();
    const peer = await connect(host, client, heard);
    await vi.waitUntil(() => heard.isConnected && client.connectionState === 'connected', {
      timeout: 30_000,
    });
    const [endpoint] = await host.open();
    const stranger = await openSocket();
    const answers = vi.fn();
    stranger.on('message', answers);
    const forged = checkOf(peer.ice, { password: 'not the secret of this peer', isNominating: true });
    // A DTLS alert and a ClientHello from a stranger would end or restart the session.
    const close = Buffer.from([21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0]);
    for (const datagram of [forged.bytes, close, randomBytes(40)])
      stranger.send(datagram, endpoint?.port ?? 0, endpoint?.address);
    track.writeRtp(packet(1, Buffer.from([0x65, 1])));
    await vi.waitUntil(() => heard.rtp.length === 1);
    expect(answers).not.toHaveBeenCalled();
    expect(heard.end).toBeUndefined();
  });

  test('after an ICE restart takes checks with both credentials until the new ones have been heard', async () => {
    const heard = new Heard();
    const { client, track } = openClient();
    const host = openHost();
    const peer = await connect(host, client, heard);
    await vi.waitUntil(() => heard.isConnected && client.connectionState === 'connected', {
      timeout: 30_000,
    });
    const [endpoint] = await host.open();
    const before = peer.ice;
    const fragment = peer.restartIce({ ufrag: 'renewed', pwd: 'a'.repeat(22) });
    const { ufrag, pwd } = peer.ice.local;
    expect(ufrag).not.toBe(before.local.ufrag);
    expect(fragment).toContain(`a=ice-ufrag:${ufrag}\r\na=ice-pwd:${pwd}\r\n`);
    expect(fragment).toMatch(/a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 \d+ typ host\r\n/);
    const stranger = await openSocket();
    const answered: string[] = [];
    stranger.on('message', (data) => answered.push(data.subarray(8, 20).toString('hex')));
    const check = (ice: Peer['ice']): string => {
      const request = checkOf(ice, { password: ice.local.pwd });
      stranger.send(request.bytes, endpoint?.port ?? 0, endpoint?.address);
      return request.transactionIdHex;
    };
    const expected = [check(before)];
    await vi.waitUntil(() => answered.length === 1);
    expected.push(check(peer.ice));
    await vi.waitUntil(() => answered.length === 2);
    check(before);
    expected.push(check(peer.ice));
    await vi.waitUntil(() => answered.length === 3);
    expect(answered).toEqual(expected);
    track.writeRtp(packet(1, Buffer.from([0x65, 1])));
    await vi.waitUntil(() => heard.rtp.length === 1);
  });

  test('counts the peers that it takes', async () => {
    const host = openHost({ maxPeers: 1 });
    const { client } = openClient();
    await connect(host, client, new Heard());
    const { client: second } = openClient();
    await expect(connect(host, second, new Heard())).rejects.toMatchObject({ code: 'too-many' });
  });
});

async function openSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  release.push(() => new Promise<void>((resolve) => socket.close(resolve)));
  return socket;
}
