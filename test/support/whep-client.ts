/** A viewer over WebRTC in this process: werift's connection, and the receive stage that publishers have. */
import {
  type RTCDataChannel,
  RTCPeerConnection,
  type RTCRtpCodecParameters,
  type RtpPacket,
  useH264,
  useVP8,
} from 'werift';
import { millis } from '../../client-sdk/protocol/units.ts';
import type { VideoCodec } from '../../pipeline/codec/video-encoder.ts';
import { openRtpReceiver } from '../../pipeline/rtp/receive-stage.ts';
import type { AccessUnit } from '../../pipeline/types.ts';

const PAYLOAD_TYPE = 96;
const FEEDBACK = [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'ccm', parameter: 'fir' }];

export interface WhepClientOptions {
  readonly url: string;
  readonly stream: string;
  /** H.264 if absent; none offers data channels only. */
  readonly codec?: VideoCodec | 'none' | undefined;
  readonly query?: string | undefined;
  readonly token?: string | undefined;
  /** Port in front of the server's, such as a relay's. */
  readonly port?: number | undefined;
  /** Data channels to open. */
  readonly channels?: readonly { label?: string; protocol?: string; ordered?: boolean }[] | undefined;
}

/** A message of a data channel. */
export type ChannelMessage = string | Buffer;

export interface WhepClient extends AsyncDisposable {
  readonly connection: RTCPeerConnection;
  readonly response: Response;
  /** Address of the connection's resource. */
  readonly location: string;
  readonly channels: readonly (RTCDataChannel & { readonly received: ChannelMessage[] })[];
  readonly packets: readonly RtpPacket[];
  readonly units: readonly AccessUnit[];
  /** Access units that were lost. */
  readonly lost: () => number;
  requestKeyframe(): Promise<void>;
}

const codecsOf = (codec: VideoCodec): RTCRtpCodecParameters[] => {
  const use = codec === 'h264' ? useH264 : useVP8;
  return [use({ payloadType: PAYLOAD_TYPE, rtcpFeedback: FEEDBACK })];
};

/** Opens a viewer and waits until it is connected. */
export async function openWhepClient(options: WhepClientOptions): Promise<WhepClient> {
  const { url, stream, codec = 'h264', query = '', token } = options;
  const connection = new RTCPeerConnection({
    codecs: codec === 'none' ? {} : { video: codecsOf(codec) },
    iceServers: [],
    iceAdditionalHostAddresses: ['127.0.0.1'],
    bundlePolicy: 'max-bundle',
  });
  const channels = (options.channels ?? []).map(({ label = 'tokens', ...init }) => {
    const channel = connection.createDataChannel(label, init);
    const received: ChannelMessage[] = [];
    channel.onMessage.subscribe((message) => received.push(message));
    return Object.assign(channel, { received });
  });
  const media = receiveVideo(connection, codec);
  await connection.setLocalDescription(await connection.createOffer());
  const response = await fetch(`${url}/v1/streams/${stream}/whep${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp', ...(token && { authorization: `Bearer ${token}` }) },
    body: connection.localDescription?.sdp ?? '',
  });
  if (response.status !== 201) throw new Error(`refused: ${await response.text()}`);
  const connected = connection.connectionStateChange.watch((state) => state === 'connected');
  const answer = await response.text();
  const { port } = options;
  const sdp = port === undefined ? answer : answer.replaceAll(/(127\.0\.0\.1) \d+ typ/g, `$1 ${port} typ`);
  await connection.setRemoteDescription({ type: 'answer', sdp });
  await connected;
  return {
    connection,
    response,
    location: new URL(response.headers.get('location') ?? '', url).href,
    channels,
    ...media,
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

function receiveVideo(connection: RTCPeerConnection, codec: VideoCodec | 'none') {
  const packets: RtpPacket[] = [];
  const units: AccessUnit[] = [];
  let lost = 0;
  let requestKeyframe = (): Promise<void> => Promise.resolve();
  if (codec !== 'none') {
    const receiver = openRtpReceiver({
      formats: new Map([[PAYLOAD_TYPE, { codec }]]),
      retransmissions: new Map(),
      maxUnitBytes: 1 << 24,
      keyframeIntervalMs: 0,
      maxBitrate: 4_000_000,
      onEvent: (event) => {
        if (event.type === 'unit') units.push(event.unit);
        if (event.type === 'loss') lost += event.dropped;
      },
      onFeedback: () => undefined,
      onRefuse: () => undefined,
    });
    const transceiver = connection.addTransceiver('video', { direction: 'recvonly' });
    transceiver.onTrack.subscribe((track) => {
      requestKeyframe = async () => transceiver.receiver.sendRtcpPLI(track.ssrc ?? 0);
      track.onReceiveRtp.subscribe((packet) => {
        packets.push(packet);
        receiver.push({ ...packet.header, payload: packet.payload }, millis(Date.now()));
      });
    });
  }
  return { packets, units, lost: () => lost, requestKeyframe: () => requestKeyframe() };
}
