/** A process that takes WebRTC publishers and puts their access units together, and does nothing with them. */
import { loadConfig } from '../../server/config.ts';
import { LitePeerHost } from '../../server/webrtc/lite-peer-host.ts';
import { parseOffer } from '../../server/webrtc/offer-sdp.ts';
import type { Peer } from '../../server/webrtc/peer.ts';
import { takeVideo } from '../../server/webrtc/take-video.ts';
import { VideoIngest } from '../../server/webrtc/video-ingest.ts';

const config = loadConfig({ env: {} });
const host = new LitePeerHost(config, { onUdpFault: ({ cause }) => console.warn(cause) });
const counts = { packets: 0, units: 0 };

async function accept(sdp: string): Promise<string> {
  const offer = parseOffer(sdp);
  const { video, plans } = takeVideo(offer);
  let peer: Peer | undefined;
  const ingest = new VideoIngest({
    video,
    maxUnitBytes: config.maxUnitBytes,
    keyframeIntervalMs: 0,
    maxBitrate: config.webrtcMaxBitrate,
    onEvent: ({ type }) => {
      if (type === 'unit') counts.units += 1;
    },
    onBye: () => undefined,
    onRefuse: () => undefined,
    send: (packets) => peer?.sendRtcp(packets),
  });
  peer = await host.accept(offer, plans, {
    onRtp: (packet, at) => {
      counts.packets += 1;
      ingest.takeRtp(packet, at);
    },
    onRtcp: (packet, at) => ingest.takeRtcp(packet, at),
    onClosed: () => ingest.close(),
  });
  return peer.answer;
}

process.on('message', (asked: { offer?: string; id: number }) => {
  const { user, system } = process.cpuUsage();
  const reading = { ...counts, cpuMs: (user + system) / 1000 };
  const answer = asked.offer === undefined ? Promise.resolve(undefined) : accept(asked.offer);
  answer.then(
    (sdp) => process.send?.({ id: asked.id, answer: sdp, reading }),
    (fault: unknown) => process.send?.({ id: asked.id, fault: String(fault) }),
  );
});
