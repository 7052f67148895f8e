import { assertWebRtc, PeerLink, type PeerOptions } from './peer-link.ts';
import type { PlatformMediaStream } from './platform-types.ts';
import type { OpenLink } from './publish-media.ts';

export interface PreviewMediaOptions extends PeerOptions {
  readonly as?: 'media' | undefined;
}

/**
 * Watches the reconstruction over WebRTC; resolves when the connection stands. The MediaStream stays the same when the
 * connection is made anew, only its track changes; the signal ends it.
 */
export async function previewMedia(
  open: OpenLink,
  options: PreviewMediaOptions,
): Promise<PlatformMediaStream> {
  assertWebRtc("preview({ as: 'jpeg' }) needs none");
  const media = new MediaStream();
  await PeerLink.open({
    ...options,
    ...open,
    prepare: (connection) => {
      const { receiver } = connection.addTransceiver('video', { direction: 'recvonly' });
      // Pictures come paced already; to smooth them again would only delay them.
      receiver.jitterBufferTarget = 0;
      for (const track of media.getTracks()) media.removeTrack(track);
      media.addTrack(receiver.track);
    },
  });
  return media;
}
