import { KinoglyphError } from './kinoglyph-error.ts';
import { openSocket } from './open-socket.ts';
import { readAnswer } from './peer-link.ts';
import type { PlatformMediaStream } from './platform-types.ts';
import { type PreviewOptions, readPreview } from './preview.ts';
import { type PreviewMediaOptions, previewMedia } from './preview-media.ts';
import type { PackInfo, PackList } from './protocol/pack-info.ts';
import type { PreviewFrame } from './protocol/preview-frame.ts';
import type { StreamInfo, StreamList } from './protocol/stream-info.ts';
import type { PublishSummary } from './protocol/summary.ts';
import { type ByteSource, type PublishOptions, publishBytes } from './publish.ts';
import {
  type MediaPublication,
  type OpenLink,
  type PublishMediaOptions,
  publishMedia,
} from './publish-media.ts';
import type { TokenMessage } from './resume-point.ts';
import { readTokens, type TokensOptions } from './tokens.ts';
import { openSocketWith, type WebSocketConstructor, type WebSocketLike } from './web-socket-like.ts';

export interface ConnectOptions {
  /** Bearer token; without one for servers that want none. */
  readonly token?: string | undefined;
  /** In the place of the platform's `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /** In the place of the platform's WebSocket; the token then travels as a subprotocol. */
  readonly WebSocket?: WebSocketConstructor | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A server. Nothing is opened before a method is called. */
export interface Client {
  /** The streams that are published or can still be read. */
  streams(options?: CallOptions): Promise<StreamInfo[]>;
  /** The packs that the server has, with their manifests. */
  packs(options?: CallOptions): Promise<PackInfo[]>;
  /** A stream by name: 1 to 64 letters, digits, `_` or `-`; the server need not know it yet. */
  stream(name: string): Stream;
}

/** A named place on a server that one publisher feeds and many subscribers read. */
export interface Stream {
  readonly name: string;
  /** Follows the tokens: each message once, in order, over as many connections as it takes. */
  tokens(options?: TokensOptions): AsyncGenerator<TokenMessage, void, undefined>;
  /** Sends video to its end and resolves with what became of it. */
  publish(source: ByteSource, options?: PublishOptions): Promise<PublishSummary>;
  /** Publishes a camera or any other MediaStream over WebRTC, and resolves when the connection stands. */
  publish(media: PlatformMediaStream, options?: PublishMediaOptions): Promise<MediaPublication>;
  /** Watches the pictures that the server rebuilds from the tokens, over WebRTC. */
  preview(options?: PreviewMediaOptions): Promise<PlatformMediaStream>;
  /** Follows the same pictures as JPEGs over a WebSocket, which works in Node too. */
  preview(options: PreviewOptions): AsyncGenerator<PreviewFrame, void, undefined>;
  /** Inspects the stream. */
  info(options?: CallOptions): Promise<StreamInfo>;
  /** Ends the stream: its publisher is closed and its history forgotten. */
  end(options?: CallOptions): Promise<void>;
}

/** Makes a client of the server at `url` (`http:` or `https:`; in a page it may be relative). */
export function connect(url: string | URL, options: ConnectOptions = {}): Client {
  const base = new URL(url, globalThis.location?.href);
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  const { token } = options;
  const fetchIt = options.fetch ?? globalThis.fetch;
  const openIt = options.WebSocket ? openSocketWith(options.WebSocket) : openSocket;

  const call = async (
    method: string,
    path: string,
    { signal, sdp }: CallOptions & { sdp?: string } = {},
  ): Promise<Response> => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    if (sdp !== undefined) headers['content-type'] = 'application/sdp';
    const init = { method, headers, ...(signal && { signal }), ...(sdp !== undefined && { body: sdp }) };
    const response = await fetchIt(new URL(path, base), init).catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw KinoglyphError.network(`no answer from ${base.host}`, cause);
    });
    if (response.ok) return response;
    throw KinoglyphError.fromResponse(response.status, await response.text());
  };
  const callJson = async <T>(path: string, callOptions?: CallOptions): Promise<T> =>
    (await call('GET', path, callOptions)).json() as Promise<T>;
  const open = (path: string, query: Record<string, string | undefined> = {}): WebSocketLike => {
    const address = new URL(path, base);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    for (const [key, value] of Object.entries(query))
      if (value !== undefined) address.searchParams.set(key, value);
    return openIt(address.href, { token });
  };

  return {
    streams: async (callOptions) => (await callJson<StreamList>('v1/streams', callOptions)).streams,
    packs: async (callOptions) => (await callJson<PackList>('v1/packs', callOptions)).packs,
    stream: (name) => {
      const path = `v1/streams/${encodeURIComponent(name)}`;
      const info = (callOptions?: CallOptions): Promise<StreamInfo> => callJson(path, callOptions);
      const link = (kind: 'whip' | 'whep', query: Record<string, string | undefined>): OpenLink => ({
        offer: async (sdp) =>
          readAnswer(await call('POST', withQuery(`${path}/${kind}`, query), { sdp }), (connection) =>
            call('DELETE', `${path}/${kind}/${connection}`, { signal: AbortSignal.timeout(END_MS) }),
          ),
      });
      const publish = (source: ByteSource | PlatformMediaStream, publishOptions: object = {}) => {
        const query = publishQuery(publishOptions);
        return isMedia(source)
          ? publishMedia(source, link('whip', query), publishOptions)
          : publishBytes(open(`${path}/publish`, query), source, publishOptions);
      };
      const preview = (previewOptions: PreviewOptions | PreviewMediaOptions = {}) =>
        previewOptions.as === 'jpeg'
          ? readPreview((query) => open(`${path}/preview`, query), previewOptions)
          : previewMedia(link('whep', {}), previewOptions);
      return {
        name,
        tokens: (tokensOptions = {}) => readTokens((query) => open(`${path}/tokens`, query), tokensOptions),
        publish: publish as Stream['publish'],
        preview: preview as Stream['preview'],
        info,
        end: async (callOptions) => {
          await call('DELETE', path, callOptions);
        },
      };
    },
  };
}

/** How long a server may take to hear that a WebRTC connection ends, ms. */
const END_MS = 3000;

const isMedia = (source: ByteSource | PlatformMediaStream): source is PlatformMediaStream =>
  'getVideoTracks' in source;

function withQuery(path: string, query: Record<string, string | undefined>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}

const publishQuery = ({
  delivery,
  takeover,
  motion,
  fps,
}: PublishOptions): Record<string, string | undefined> => ({
  delivery,
  takeover: takeover ? 'true' : undefined,
  motion,
  fps: fps?.toString(),
});
