import {
  type ConnectionState,
  connect,
  type Delivery,
  fullJitter,
  type MediaPublication,
  type PeerState,
  type PreviewFrame,
  type PublishMediaOptions,
  type PublishSummary,
  type ReconnectPolicy,
  type TokenMessage,
} from '../../../client-sdk/index.ts';
import type { IncomingPicture } from '../playback/preview-player.ts';

/** The page lies one folder below the server's root, wherever a proxy may have put that. */
export const SERVER = new URL('../', document.baseURI);

/** Enough for half a minute of pictures that come faster than they are shown. */
const PREVIEW_BUFFER_BYTES = 16 * 2 ** 20;

/** What opens a server that wants tokens. */
export interface Credentials {
  readonly token: string | undefined;
}

export interface FollowOptions {
  readonly signal: AbortSignal;
  readonly onState: (state: ConnectionState) => void;
}

/** What can be followed of one stream. */
export interface Feed {
  tokens(options: FollowOptions): AsyncIterable<TokenMessage>;
  /** The reconstruction as JPEGs with their media times and motion, over a WebSocket. */
  preview(options: FollowOptions): AsyncIterable<IncomingPicture>;
  /** The reconstruction as video over WebRTC. Rejects soon where there is no way. */
  video(options: VideoOptions): Promise<MediaStream>;
}

export interface VideoOptions {
  readonly signal: AbortSignal;
  readonly onState: (state: PeerState, reason?: unknown) => void;
}

/** How bytes are sent; `onEpoch` is called once the server has taken them. */
export interface SendOptions {
  readonly delivery: Delivery;
  readonly isTakeover: boolean;
  readonly onEpoch: (epoch: string) => void;
}

/** What sends to one stream. Both reject with the server's problem. */
export interface PublishTo {
  sendBytes(bytes: AsyncIterable<Uint8Array>, options: SendOptions): Promise<PublishSummary>;
  /** Over WebRTC. Rejects soon where there is no way. */
  sendMedia(media: MediaStream, options: PublishMediaOptions): Promise<MediaPublication>;
}

/** Longest wait for a WebRTC connection where there is another way to take, ms. */
const CONNECT_MS = 8000;

/** The ladder of the SDK once a connection has stood; before that there is another way to take. */
function reconnectOnceOpen(): { policy: ReconnectPolicy; hasOpened: () => void } {
  const ladder = fullJitter();
  let isOpen = false;
  const policy = { nextDelayMs: (attempt: number) => (isOpen ? ladder.nextDelayMs(attempt) : undefined) };
  const hasOpened = () => {
    isOpen = true;
  };
  return { policy, hasOpened };
}

/** One stream of the server that this page came from. */
export function connectFeed(name: string, { token }: Credentials): { feed: Feed; publish: PublishTo } {
  const stream = connect(SERVER, { token }).stream(name);
  const feed: Feed = {
    tokens: (options) => stream.tokens(options),
    preview: (options) =>
      picturesOf(
        stream.preview({ as: 'jpeg', ...options, withMotion: true, maxBufferBytes: PREVIEW_BUFFER_BYTES }),
      ),
    video: async (options) => {
      const { policy, hasOpened } = reconnectOnceOpen();
      const media = await stream.preview({ ...options, reconnect: policy, connectMs: CONNECT_MS });
      hasOpened();
      return media;
    },
  };
  const publish: PublishTo = {
    sendBytes: (bytes, { delivery, isTakeover, onEpoch }) =>
      stream.publish(bytes, { delivery, takeover: isTakeover, onProgress: ({ epoch }) => onEpoch(epoch) }),
    sendMedia: async (media, options) => {
      const { policy, hasOpened } = reconnectOnceOpen();
      const publication = await stream.publish(media, {
        ...options,
        reconnect: policy,
        connectMs: CONNECT_MS,
      });
      hasOpened();
      return publication;
    },
  };
  return { feed, publish };
}

async function* picturesOf(frames: AsyncIterable<PreviewFrame>): AsyncGenerator<IncomingPicture> {
  for await (const { pts, jpeg, motion } of frames) yield { ptsUs: pts, jpeg, motion };
}

/** What an error says, for the reader of the page. */
export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
