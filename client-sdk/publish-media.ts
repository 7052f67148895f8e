import { KinoglyphError } from './kinoglyph-error.ts';
import {
  assertWebRtc,
  PeerLink,
  type PeerLinkOptions,
  type PeerOptions,
  type PeerState,
} from './peer-link.ts';
import type {
  PlatformMediaStream,
  PlatformMediaStreamTrack,
  PlatformPeerConnection,
} from './platform-types.ts';
import type { MotionSourceName } from './protocol/messages.ts';

export const VIDEO_CODECS = ['h264', 'vp8', 'vp9', 'av1'] as const;
/** A codec that the server takes over WebRTC. */
export type VideoCodecName = (typeof VIDEO_CODECS)[number];

export interface PublishMediaOptions extends PeerOptions {
  /** The only codec to offer. By default H.264 comes first, whose motion the server can use as it is. */
  readonly codec?: VideoCodecName | undefined;
  /** The most to send, bit/s; by default what the server and the network allow. */
  readonly maxBitrate?: number | undefined;
  /** Replaces a publisher that is present, instead of being refused. */
  readonly takeover?: boolean | undefined;
  /** Where motion vectors come from; by default the server decides. */
  readonly motion?: 'auto' | MotionSourceName | undefined;
}

/** Video that is being published over WebRTC, and again after the connection was lost. */
export interface MediaPublication {
  readonly state: PeerState;
  /** The connection that stands, or was the last to stand, for its statistics. */
  readonly connection: PlatformPeerConnection | undefined;
  /** Resolves after `close` or the end of the track; rejects when it or the stream was ended, or with the signal's reason. */
  readonly closed: Promise<void>;
  /** Goes on with another track, without a new connection. */
  replaceTrack(track: PlatformMediaStreamTrack): Promise<void>;
  /** Ends it; resolves when the server knows. */
  close(): Promise<void>;
}

/** How a link to the server is made. */
export type OpenLink = Omit<PeerLinkOptions, keyof PeerOptions | 'prepare'>;

/** The codecs that this platform sends over WebRTC. Empty where it has no WebRTC. */
export function sendableCodecs(): VideoCodecName[] {
  if (typeof globalThis.RTCRtpSender === 'undefined') return [];
  const { codecs = [] } = RTCRtpSender.getCapabilities('video') ?? {};
  return VIDEO_CODECS.filter((name) => codecs.some((codec) => nameOf(codec) === name));
}

/** Publishes the first video track of `media`; resolves when the connection stands. Does not own the track. */
export async function publishMedia(
  media: PlatformMediaStream,
  open: OpenLink,
  options: PublishMediaOptions,
): Promise<MediaPublication> {
  assertWebRtc('publish bytes instead');
  const [first] = media.getVideoTracks();
  if (first === undefined) throw new TypeError('the MediaStream has no video track');
  let track: PlatformMediaStreamTrack = first;
  const preferences = codecPreferences(options.codec);
  const link = await PeerLink.open({
    ...options,
    ...open,
    prepare: (connection) => {
      const encoding = options.maxBitrate === undefined ? {} : { maxBitrate: options.maxBitrate };
      const init: RTCRtpTransceiverInit = { direction: 'sendonly', sendEncodings: [encoding] };
      connection.addTransceiver(track, init).setCodecPreferences(preferences);
    },
  });
  const onEnded = (): void => void link.close().catch(() => undefined);
  track.addEventListener('ended', onEnded);
  return {
    get state() {
      return link.state;
    },
    get connection() {
      return link.connection;
    },
    closed: link.closed,
    replaceTrack: async (next) => {
      track.removeEventListener('ended', onEnded);
      track = next;
      track.addEventListener('ended', onEnded);
      await link.connection?.getSenders()[0]?.replaceTrack(next);
    },
    close: () => link.close(),
  };
}

/** The codecs to offer, H.264 first. Throws a `KinoglyphError` of code `unsupported` where there is none. */
function codecPreferences(only: VideoCodecName | undefined): RTCRtpCodec[] {
  const { codecs = [] } = RTCRtpSender.getCapabilities('video') ?? {};
  const wanted = only === undefined ? sendableCodecs() : [only];
  const chosen = wanted.flatMap((name) => codecs.filter((codec) => nameOf(codec) === name));
  if (chosen.length > 0) return [...chosen, ...codecs.filter((codec) => nameOf(codec) === 'rtx')];
  throw KinoglyphError.unsupported(
    `this platform sends ${only?.toUpperCase() ?? 'none of H264, VP8, VP9 and AV1'} ${only ? 'not ' : ''}over WebRTC`,
  );
}

const nameOf = ({ mimeType }: RTCRtpCodec): string => mimeType.slice('video/'.length).toLowerCase();
