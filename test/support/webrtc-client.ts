/** A WebRTC client in this process: werift's, which shares no ICE or signalling code with the server. */
import { MediaStreamTrack, RTCPeerConnection, type RTCRtpCodecParameters, useH264 } from 'werift';

export interface TestClient extends AsyncDisposable {
  readonly connection: RTCPeerConnection;
  readonly track: MediaStreamTrack;
  /** The offer with all its candidates. */
  offer(): Promise<string>;
  answer(sdp: string): Promise<void>;
}

/** A client that offers one video, in H.264 if nothing else is said. */
export function openTestClient(
  options: { codecs?: RTCRtpCodecParameters[]; direction?: 'sendonly' | 'recvonly'; channel?: string } = {},
): TestClient {
  const { codecs = [useH264({ payloadType: 96 })], direction = 'sendonly', channel } = options;
  const connection = new RTCPeerConnection({
    codecs: { video: codecs },
    iceServers: [],
    iceAdditionalHostAddresses: ['127.0.0.1'],
    bundlePolicy: 'max-bundle',
  });
  const track = new MediaStreamTrack({ kind: 'video' });
  connection.addTransceiver(direction === 'sendonly' ? track : 'video', { direction });
  if (channel !== undefined) connection.createDataChannel(channel);
  return {
    connection,
    track,
    offer: async () => {
      await connection.setLocalDescription(await connection.createOffer());
      return connection.localDescription?.sdp ?? '';
    },
    answer: (sdp) => connection.setRemoteDescription({ type: 'answer', sdp }),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}
