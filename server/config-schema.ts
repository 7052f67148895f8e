import { z } from 'zod';
import { StreamNameSchema } from '../client-sdk/protocol/messages.ts';
import { MOTION_CHOICES } from '../pipeline/tokenizer.ts';
import { configKey, wholeNumber } from './config-key.ts';
import { webrtc } from './webrtc-config.ts';

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

const MIB = 2 ** 20;

const listening = {
  host: configKey(
    'name',
    z.string().min(1).default('127.0.0.1'),
    'Address to listen on. Anything but loopback needs tokens, or insecure.',
  ),
  port: configKey(
    'count',
    wholeNumber().max(65_535).default(8765),
    'TCP port to listen on; 0 takes a free one, which the log and the returned address tell.',
  ),
  allowedHosts: configKey(
    'list',
    z.array(z.string().min(1)).default([]),
    'Host names that requests may be addressed to, beside the loopback names and host. Keeps DNS rebinding out; every name a reverse proxy passes on must be here.',
  ),
  allowedOrigins: configKey(
    'list',
    z.array(z.url()).default([]),
    "Origins beside the server's own whose pages may connect, publish and read; each gets CORS headers. Any page of a listed origin acts with its visitor's reach.",
  ),
  tokens: configKey(
    'json',
    z.array(TokenGrantSchema).default([]),
    'Bearer tokens: a list of {token or sha256, actions: publish, read, admin, streams?}. Empty leaves everything open to whoever reaches the port. Better in the file or the environment than in a flag, which other users of the machine can read.',
  ),
  insecure: configKey(
    'switch',
    z.boolean().default(false),
    'Listens beyond loopback without tokens. Only for a network in which everybody may publish and read.',
  ),
  logLevel: configKey(
    'name',
    z.enum(LOG_LEVELS).default('info'),
    'Least level of log lines. debug tells every request.',
  ),
  shutdownGraceMs: configKey(
    'ms',
    wholeNumber().default(8000),
    'How long running publishers and subscribers get at shutdown. Longer saves more of their media; supervisors usually kill after 10 s.',
  ),
};

const inference = {
  pack: configKey(
    'name',
    z
      .string()
      .regex(/^[a-zA-Z0-9._-]{1,64}$/, 'a pack name is 1 to 64 of a-z A-Z 0-9 . _ -')
      .default('kino-mini'),
    'Pack to tokenize with: a folder of models.',
  ),
  models: configKey(
    'path',
    z.string().min(1).optional(),
    'Folder that holds the packs; those shipped if absent.',
  ),
  keyframeTokens: configKey(
    'count',
    wholeNumber(1).optional(),
    'Ids of a keyframe: at most so many, for a pack with a ladder of grids, which takes its largest grid that has no more; in the mean, for one of dynamic length, where one picture gets at most twice as many. Fewer make a smaller feed and a blurrier picture. The pack’s own default if absent; ids depend on it, and start tells it.',
  ),
  provider: configKey(
    'name',
    z.enum(['auto', 'cpu', 'cuda', 'webgpu']).default('auto'),
    'Execution provider. auto takes cuda where it works and is faster, else cpu; a named one fails where it is missing.',
  ),
  workers: configKey(
    'count',
    wholeNumber().max(64).default(0),
    'Inference threads; 0 takes one less than the processors, at least one. More serve more streams and take more memory, about one copy of the pack each.',
  ),
  threads: configKey(
    'count',
    wholeNumber(1).max(64).default(1),
    'Processors within one inference. Above 1 a single keyframe is faster and many streams are slower.',
  ),
  motion: configKey(
    'name',
    z.enum(MOTION_CHOICES).default('auto'),
    "Where motion vectors come from: the stream's own (bitstream), a second pinned encode (reencode), or by its parameter sets (auto). A publisher may override it by ?motion=.",
  ),
  preview: configKey(
    'name',
    z.enum(['always', 'watched', 'off']).default('watched'),
    'When reconstructions are made: for every stream, while somebody looks, or never. watched saves about a tenth of a core a stream; the first picture then comes a moment later.',
  ),
  previewLingerMs: configKey(
    'ms',
    wholeNumber().default(10_000),
    'How long a watched reconstruction goes on after its last viewer. Longer makes a reload instant.',
  ),
  snapshotWaitMs: configKey(
    'ms',
    wholeNumber().default(3000),
    'How long preview.jpg waits for the first picture of a reconstruction that has just begun.',
  ),
};

const streams = {
  journalSeconds: configKey(
    's',
    wholeNumber(1).default(3600),
    'Age up to which messages can be resumed. Longer bridges longer breaks and takes more memory.',
  ),
  journalBytes: configKey(
    'bytes',
    wholeNumber(64 * 1024).default(16 * MIB),
    'Size of a stream’s journal, counted as JSON text; the objects behind it take about three times that.',
  ),
  lingerMs: configKey(
    'ms',
    wholeNumber().default(120_000),
    'How long a stream stays readable after its last publisher went.',
  ),
  heartbeatMs: configKey(
    'ms',
    wholeNumber(10).default(15_000),
    'Longest silence towards a subscriber. Shorter finds dead connections sooner and costs traffic.',
  ),
  subscriberBufferBytes: configKey(
    'bytes',
    wholeNumber(1024).default(1 * MIB),
    'Bytes handed to one subscriber’s socket and not yet taken; then it waits in the journal. More smooths bursts, times all subscribers.',
  ),
  subscriberStallMs: configKey(
    'ms',
    wholeNumber(10).default(10_000),
    'How long a subscriber may take nothing while messages wait, before it is disconnected.',
  ),
};

const limits = {
  maxStreams: configKey('count', wholeNumber(1).default(32), 'Streams that are published at once.'),
  maxSubscribers: configKey('count', wholeNumber(1).default(2000), 'Subscribers and viewers of all streams.'),
  maxSubscribersPerStream: configKey(
    'count',
    wholeNumber(1).default(1000),
    'Subscribers and viewers of one stream.',
  ),
  maxWaiting: configKey(
    'count',
    wholeNumber().default(64),
    'Subscribers that wait for a stream nobody publishes yet.',
  ),
  waitMs: configKey(
    'ms',
    wholeNumber(10).default(300_000),
    'How long a subscriber may wait for a publisher.',
  ),
  maxWebSocketMessageBytes: configKey(
    'bytes',
    wholeNumber(1024).default(1 * MIB),
    'Largest WebSocket message of a subscriber.',
  ),
  maxPublishMessageBytes: configKey(
    'bytes',
    wholeNumber(1024).default(4 * MIB),
    'Largest WebSocket message of a publisher. A message is held whole in memory.',
  ),
  maxUnitBytes: configKey(
    'bytes',
    wholeNumber(1024).default(16 * MIB),
    'Largest coded picture. Intra pictures of 4K at high rates reach a few MiB.',
  ),
  maxPixels: configKey(
    'px',
    wholeNumber(256).default(4096 * 2304),
    'Largest coded picture, width times height. Decoder memory grows with it.',
  ),
  maxPixelsPerSecond: configKey(
    'px/s',
    wholeNumber().default(0),
    'Pictures that all live publishers together may send; further ones are refused. 0 takes 60 million for each processor, two streams of 1280x720 at 30 a second; faster processors bear more, and more than they bear ends in gaps.',
  ),
  windowUnits: configKey(
    'count',
    wholeNumber(2).default(240),
    'Access units of one publisher between the decoder and the journal. A larger window drops less in a burst and lets latency grow.',
  ),
  windowBytes: configKey('bytes', wholeNumber(1024).default(32 * MIB), 'The same window in bytes.'),
  intakeBytes: configKey(
    'bytes',
    wholeNumber(64 * 1024).default(1 * MIB),
    'Bytes of one publisher that have arrived and are not yet demultiplexed; then its socket waits.',
  ),
  headerTimeoutMs: configKey(
    'ms',
    wholeNumber(100).default(10_000),
    'Time for the head of a request to arrive.',
  ),
  stallMs: configKey(
    'ms',
    wholeNumber(10).default(10_000),
    'Silence after which a publisher is closed. Longer bears worse networks and keeps a dead publisher’s name busy.',
  ),
  drainMs: configKey(
    'ms',
    wholeNumber().default(5000),
    'How long what a publisher has sent is still tokenized after it went, stalled or was told to stop.',
  ),
  discardMs: configKey(
    'ms',
    wholeNumber().default(2000),
    'How long a refused publisher’s body is read and discarded.',
  ),
  discardBytes: configKey(
    'bytes',
    wholeNumber().default(4 * MIB),
    'How much of a refused publisher’s body is read and discarded at most.',
  ),
  retryAfterSeconds: configKey(
    's',
    wholeNumber(1).default(5),
    'What Retry-After says with a refusal for lack of room.',
  ),
  accessTokenSeconds: configKey(
    's',
    wholeNumber(1).default(300),
    'Longest life of a query token. It shows in addresses, so it should be short.',
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
