import { z } from 'zod';
import { StreamNameSchema } from '../client-sdk/protocol/messages.ts';
import { MOTION_CHOICES } from '../pipeline/tokenizer.ts';

export const ACTIONS = ['publish', 'read', 'admin'] as const;
/** What a bearer token may allow; `admin` includes neither of the others. */
export type Action = (typeof ACTIONS)[number];

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** A bearer token of the configuration: given as it is, or by its SHA-256 so that the file holds no secret. */
export const TokenGrantSchema = z
  .strictObject({
    token: z.string().min(16, 'a token has at least 16 characters').optional(),
    /** Lower-case hexadecimal. */
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'sha256 is 64 hexadecimal digits')
      .optional(),
    actions: z.array(z.enum(ACTIONS)).min(1),
    /** Streams that the token is good for; all of them if absent. */
    streams: z.array(StreamNameSchema).min(1).optional(),
  })
  .refine((grant) => (grant.token === undefined) !== (grant.sha256 === undefined), {
    message: 'a token entry has either token or sha256',
  });
export type TokenGrant = z.infer<typeof TokenGrantSchema>;

/** A STUN or TURN server, as browsers take it. */
export const IceServerSchema = z.strictObject({
  urls: z
    .string()
    .regex(/^(stuns?|turns?):[\w.:[\]-]+(\?transport=(udp|tcp))?$/, 'a server is a stun: or turn: address'),
  username: z.string().optional(),
  credential: z.string().optional(),
});
export type IceServer = z.infer<typeof IceServerSchema>;

/** As much as a route takes at all. */
const MAX_SDP_BYTES = 64 * 1024;

const UNITS = [
  'bytes',
  'ms',
  's',
  'px',
  'px/s',
  'bits/s',
  'count',
  'name',
  'list',
  'path',
  'json',
  'switch',
] as const;
/** How a key's value is to be read: a unit of a number, or a form of text. */
export type ConfigUnit = (typeof UNITS)[number];

/** What the reference tells of a key beside its name and default. */
export interface ConfigKeyMeta {
  readonly unit: ConfigUnit;
  readonly description: string;
}

const of = <T extends z.ZodType>(unit: ConfigUnit, schema: T, description: string): T =>
  schema.meta({ unit, description });
const count = (least = 0) => z.int().min(least);
const MIB = 2 ** 20;

const listening = {
  host: of(
    'name',
    z.string().min(1).default('127.0.0.1'),
    'Address to listen on. Anything but loopback needs tokens, or insecure.',
  ),
  port: of(
    'count',
    count().max(65_535).default(8765),
    'TCP port to listen on; 0 takes a free one, which the log and the returned address tell.',
  ),
  allowedHosts: of(
    'list',
    z.array(z.string().min(1)).default([]),
    'Host names that requests may be addressed to, beside the loopback names and host. Keeps DNS rebinding out; every name a reverse proxy passes on must be here.',
  ),
  allowedOrigins: of(
    'list',
    z.array(z.url()).default([]),
    "Origins beside the server's own whose pages may connect, publish and read; each gets CORS headers. Any page of a listed origin acts with its visitor's reach.",
  ),
  tokens: of(
    'json',
    z.array(TokenGrantSchema).default([]),
    'Bearer tokens: a list of {token or sha256, actions: publish, read, admin, streams?}. Empty leaves everything open to whoever reaches the port. Better in the file or the environment than in a flag, which other users of the machine can read.',
  ),
  insecure: of(
    'switch',
    z.boolean().default(false),
    'Listens beyond loopback without tokens. Only for a network in which everybody may publish and read.',
  ),
  logLevel: of(
    'name',
    z.enum(LOG_LEVELS).default('info'),
    'Least level of log lines. debug tells every request.',
  ),
  shutdownGraceMs: of(
    'ms',
    count().default(8000),
    'How long running publishers and subscribers get at shutdown. Longer saves more of their media; supervisors usually kill after 10 s.',
  ),
};

const inference = {
  pack: of(
    'name',
    z
      .string()
      .regex(/^[a-zA-Z0-9._-]{1,64}$/, 'a pack name is 1 to 64 of a-z A-Z 0-9 . _ -')
      .default('kino-mini'),
    'Pack to tokenize with: a folder of models.',
  ),
  models: of('path', z.string().min(1).optional(), 'Folder that holds the packs; those shipped if absent.'),
  keyframeTokens: of(
    'count',
    count(1).optional(),
    'Ids of a keyframe: at most so many, for a pack with a ladder of grids, which takes its largest grid that has no more; in the mean, for one of dynamic length, where one picture gets at most twice as many. Fewer make a smaller feed and a blurrier picture. The pack’s own default if absent; ids depend on it, and start tells it.',
  ),
  provider: of(
    'name',
    z.enum(['auto', 'cpu', 'cuda', 'webgpu']).default('auto'),
    'Execution provider. auto takes cuda where it works and is faster, else cpu; a named one fails where it is missing.',
  ),
  workers: of(
    'count',
    count().max(64).default(0),
    'Inference threads; 0 takes one less than the processors, at least one. More serve more streams and take more memory, about one copy of the pack each.',
  ),
  threads: of(
    'count',
    count(1).max(64).default(1),
    'Processors within one inference. Above 1 a single keyframe is faster and many streams are slower.',
  ),
  motion: of(
    'name',
    z.enum(MOTION_CHOICES).default('auto'),
    "Where motion vectors come from: the stream's own (bitstream), a second pinned encode (reencode), or by its parameter sets (auto). A publisher may override it by ?motion=.",
  ),
  preview: of(
    'name',
    z.enum(['always', 'watched', 'off']).default('watched'),
    'When reconstructions are made: for every stream, while somebody looks, or never. watched saves about a tenth of a core a stream; the first picture then comes a moment later.',
  ),
  previewLingerMs: of(
    'ms',
    count().default(10_000),
    'How long a watched reconstruction goes on after its last viewer. Longer makes a reload instant.',
  ),
  snapshotWaitMs: of(
    'ms',
    count().default(3000),
    'How long preview.jpg waits for the first picture of a reconstruction that has just begun.',
  ),
};

const streams = {
  journalSeconds: of(
    's',
    count(1).default(3600),
    'Age up to which messages can be resumed. Longer bridges longer breaks and takes more memory.',
  ),
  journalBytes: of(
    'bytes',
    count(64 * 1024).default(16 * MIB),
    'Size of a stream’s journal, counted as JSON text; the objects behind it take about three times that.',
  ),
  lingerMs: of(
    'ms',
    count().default(120_000),
    'How long a stream stays readable after its last publisher went.',
  ),
  heartbeatMs: of(
    'ms',
    count(10).default(15_000),
    'Longest silence towards a subscriber. Shorter finds dead connections sooner and costs traffic.',
  ),
  subscriberBufferBytes: of(
    'bytes',
    count(1024).default(1 * MIB),
    'Bytes handed to one subscriber’s socket and not yet taken; then it waits in the journal. More smooths bursts, times all subscribers.',
  ),
  subscriberStallMs: of(
    'ms',
    count(10).default(10_000),
    'How long a subscriber may take nothing while messages wait, before it is disconnected.',
  ),
};

const limits = {
  maxStreams: of('count', count(1).default(32), 'Streams that are published at once.'),
  maxSubscribers: of('count', count(1).default(2000), 'Subscribers and viewers of all streams.'),
  maxSubscribersPerStream: of('count', count(1).default(1000), 'Subscribers and viewers of one stream.'),
  maxWaiting: of('count', count().default(64), 'Subscribers that wait for a stream nobody publishes yet.'),
  waitMs: of('ms', count(10).default(300_000), 'How long a subscriber may wait for a publisher.'),
  maxWebSocketMessageBytes: of(
    'bytes',
    count(1024).default(1 * MIB),
    'Largest WebSocket message of a subscriber.',
  ),
  maxPublishMessageBytes: of(
    'bytes',
    count(1024).default(4 * MIB),
    'Largest WebSocket message of a publisher. A message is held whole in memory.',
  ),
  maxUnitBytes: of(
    'bytes',
    count(1024).default(16 * MIB),
    'Largest coded picture. Intra pictures of 4K at high rates reach a few MiB.',
  ),
  maxPixels: of(
    'px',
    count(256).default(4096 * 2304),
    'Largest coded picture, width times height. Decoder memory grows with it.',
  ),
  maxPixelsPerSecond: of(
    'px/s',
    count().default(0),
    'Pictures that all live publishers together may send; further ones are refused. 0 takes 60 million for each processor, two streams of 1280x720 at 30 a second; faster processors bear more, and more than they bear ends in gaps.',
  ),
  windowUnits: of(
    'count',
    count(2).default(240),
    'Access units of one publisher between the decoder and the journal. A larger window drops less in a burst and lets latency grow.',
  ),
  windowBytes: of('bytes', count(1024).default(32 * MIB), 'The same window in bytes.'),
  intakeBytes: of(
    'bytes',
    count(64 * 1024).default(1 * MIB),
    'Bytes of one publisher that have arrived and are not yet demultiplexed; then its socket waits.',
  ),
  headerTimeoutMs: of('ms', count(100).default(10_000), 'Time for the head of a request to arrive.'),
  stallMs: of(
    'ms',
    count(10).default(10_000),
    'Silence after which a publisher is closed. Longer bears worse networks and keeps a dead publisher’s name busy.',
  ),
  drainMs: of(
    'ms',
    count().default(5000),
    'How long what a publisher has sent is still tokenized after it went, stalled or was told to stop.',
  ),
  discardMs: of('ms', count().default(2000), 'How long a refused publisher’s body is read and discarded.'),
  discardBytes: of(
    'bytes',
    count().default(4 * MIB),
    'How much of a refused publisher’s body is read and discarded at most.',
  ),
  retryAfterSeconds: of('s', count(1).default(5), 'What Retry-After says with a refusal for lack of room.'),
  accessTokenSeconds: of(
    's',
    count(1).default(300),
    'Longest life of a query token. It shows in addresses, so it should be short.',
  ),
};

const port = count().max(65_535);
const address = z.union([z.ipv4(), z.ipv6()]);

const webrtc = {
  webrtcHosts: of(
    'list',
    z.array(z.string().min(1)).default([]),
    'Addresses that WebRTC media comes to, by UDP, and that peers are told; that of host if empty, all of the machine’s for a wildcard. Fewer make connecting faster.',
  ),
  webrtcPublicHosts: of(
    'list',
    z.array(address).default([]),
    'Further addresses that peers are told, whose UDP ports a router or a cloud forwards to the same ports here.',
  ),
  webrtcPortMin: of(
    'count',
    port.default(0),
    'First UDP port to try for WebRTC; all connections share one port of each address. 0 with webrtcPortMax 0 takes a free one, which no firewall can know.',
  ),
  webrtcPortMax: of('count', port.default(0), 'Last UDP port to try for WebRTC.'),
  iceServers: of(
    'json',
    z.array(IceServerSchema).default([]),
    'STUN and TURN servers that peers are told, as a list of {urls, username?, credential?}. Only for peers behind a NAT or firewall that lets them not reach the UDP port; whoever may connect learns the credentials.',
  ),
  maxPeers: of(
    'count',
    count().default(256),
    'WebRTC connections at once, publishers and viewers; 0 refuses all.',
  ),
  maxSdpBytes: of('bytes', count(1024).max(MAX_SDP_BYTES).default(MAX_SDP_BYTES), 'Largest SDP of a peer.'),
  webrtcHandshakeMs: of(
    'ms',
    count(100).default(15_000),
    'Time from the answer until a peer is connected. Longer bears slow relays and keeps the name of a publisher busy that never comes.',
  ),
  webrtcSilenceMs: of(
    'ms',
    count(100).default(4500),
    'Silence after which a WebRTC peer is taken for lost. Browsers let themselves be heard every 2500 ms even without media; shorter ends connections that only falter.',
  ),
  webrtcKeyframeIntervalMs: of(
    'ms',
    count().default(4000),
    'A WebRTC publisher is asked for a keyframe where none came for this long; 0 leaves it to the publisher. Shorter recovers sooner and costs bits or sharpness.',
  ),
  webrtcStartBitrate: of(
    'bits/s',
    count().default(1_000_000),
    'What a browser that publishes begins with, before it knows the path; 0 leaves it to the browser, which begins with small pictures. Higher is sharp at once and loses more on a path that cannot bear it.',
  ),
  webrtcMaxBitrate: of(
    'bits/s',
    count(10_000).default(4_000_000),
    'The most that a WebRTC publisher is allowed to send. Higher gives sharper pictures to tokenize and wants the network for it.',
  ),
};

/** Every key of the configuration with its default; `.meta` holds unit, meaning and trade-off. */
export const ConfigSchema = z.strictObject({
  ...listening,
  ...inference,
  ...streams,
  ...limits,
  ...webrtc,
});
export type Config = Readonly<z.infer<typeof ConfigSchema>>;
export type ConfigKey = keyof Config;
