import {
  type ConnectionState,
  connect,
  type Delivery,
  type PreviewFrame,
  type PublishSummary,
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
  preview(options: FollowOptions): AsyncIterable<IncomingPicture>;
}

/** How bytes are sent; `onEpoch` is called once the server has taken them. */
export interface SendOptions {
  readonly delivery: Delivery;
  readonly isTakeover: boolean;
  readonly onEpoch: (epoch: string) => void;
}

/** Sends bytes to one stream. Rejects with the server's problem. */
export type PublishTo = (bytes: AsyncIterable<Uint8Array>, options: SendOptions) => Promise<PublishSummary>;

/** One stream of the server that this page came from. */
export function connectFeed(name: string, { token }: Credentials): { feed: Feed; publish: PublishTo } {
  const stream = connect(SERVER, { token }).stream(name);
  const feed: Feed = {
    tokens: (options) => stream.tokens(options),
    preview: (options) =>
      picturesOf(stream.preview({ ...options, withMotion: true, maxBufferBytes: PREVIEW_BUFFER_BYTES })),
  };
  const publish: PublishTo = (bytes, { delivery, isTakeover, onEpoch }) =>
    stream.publish(bytes, { delivery, takeover: isTakeover, onProgress: ({ epoch }) => onEpoch(epoch) });
  return { feed, publish };
}

async function* picturesOf(frames: AsyncIterable<PreviewFrame>): AsyncGenerator<IncomingPicture> {
  for await (const { pts, jpeg, motion } of frames) yield { ptsUs: pts, jpeg, motion };
}

/** What an error says, for the reader of the page. */
export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
