/**
 * The messages of a token stream: the one definition that server, SDK and files share.
 * Times without a unit in their name follow the wire's fixed terms: `pts`, `duration`, `from` and `to` (half open)
 * are microseconds on the stream's media clock, `received` and `emitted` milliseconds since the Unix epoch
 * on the server's clock, `captured` on the publisher's.
 */
import * as z from 'zod';

const micros = z.int().min(0);
const millis = z.number().min(0);
/** When the newest picture that the message stands for was captured; only where the publisher tells. */
const captured = millis.optional();
const count = z.int().min(0);
const epoch = z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/, 'an epoch is a ULID');
const ids = z.array(z.int().min(0).max(0xffff_ffff));

/** A stream's name: 1 to 64 letters, digits, `_` or `-`. */
export const StreamNameSchema = z
  .string()
  .regex(/^[a-zA-Z0-9_-]{1,64}$/, 'a stream name is 1 to 64 of a-z A-Z 0-9 _ -');

export const MOTION_SOURCES = ['bitstream', 'reencode'] as const;
/** Where motion vectors come from: the incoming bitstream, or a second, pinned encode of the decoded pictures. */
export type MotionSourceName = (typeof MOTION_SOURCES)[number];

export const GAP_REASONS = [
  'loss',
  'overload',
  'decode',
  'discontinuity',
  'no-keyframe',
  'inference',
] as const;
/** Why a stretch of media has no tokens. */
export type GapReason = (typeof GAP_REASONS)[number];

export const END_REASONS = [
  'finished',
  'aborted',
  'lost',
  'replaced',
  'stalled',
  'deleted',
  'shutdown',
  'failed',
] as const;
/** Why an epoch ended; `aborted` where the publisher broke off, `lost` where nothing was heard of it any more. */
export type EndReason = (typeof END_REASONS)[number];

/** The flat id space of a language model that holds text, visual and motion tokens. */
export const LlmLayoutSchema = z.strictObject({
  text: count,
  imageStart: count,
  imageEnd: count,
  visualOffset: count,
  motionStart: count,
  motionEnd: count,
  motionOffset: count,
  /** SKIPk, k = 1 to 16, is this + k - 1: k cells of a dynamic keyframe without a token. Absent where positions are left out. */
  skipOffset: count.optional(),
});
export type LlmLayout = z.infer<typeof LlmLayoutSchema>;

/** Grids, codebooks and flat ids that the ids of an epoch refer to. */
export const TokenLayoutSchema = z.strictObject({
  visual: z.strictObject({
    /** Of the grid that keyframes of the epoch lie on; the pack may have several. */
    columns: count,
    rows: count,
    codebookSize: count,
    /** Whether a keyframe has as many ids as it needs, with the `positions` of their cells. */
    dynamic: z.boolean(),
    /** Ids of a dynamic keyframe that were asked for in the mean; one picture has at most twice as many. */
    tokens: count.optional(),
  }),
  motion: z.strictObject({
    columns: count,
    rows: count,
    fieldsPerChunk: count,
    tokensPerChunk: count,
    codebookSize: count,
  }),
  llm: LlmLayoutSchema,
});
export type TokenLayout = z.infer<typeof TokenLayoutSchema>;

/** What the identity of ids is promised for: equal values give equal ids. */
export const RuntimeSchema = z.strictObject({
  onnxruntime: z.string(),
  threads: count,
  /** Processor model and instruction set, as far as the operating system tells. */
  processor: z.string(),
});
export type Runtime = z.infer<typeof RuntimeSchema>;

export const StartMessageSchema = z.strictObject({
  type: z.literal('start'),
  v: z.literal(1),
  stream: StreamNameSchema,
  epoch,
  seq: count,
  pack: z.strictObject({ name: z.string(), version: z.string(), sha256: z.string() }),
  codec: z.string(),
  /** Coded picture size, px. */
  width: count,
  height: count,
  /** Width over height at which the pictures are meant to be shown. */
  displayAspect: z.number().positive(),
  motionSource: z.enum(MOTION_SOURCES),
  /** Fields a second of media time. */
  motionFps: z.number().positive(),
  layout: TokenLayoutSchema,
  provider: z.string(),
  runtime: RuntimeSchema,
  /** Set where the message repeats the start in force for a new subscription. */
  replay: z.literal(true).optional(),
});
export type StartMessage = z.infer<typeof StartMessageSchema>;

export const VisualMessageSchema = z.strictObject({
  type: z.literal('visual'),
  epoch,
  seq: count,
  pts: micros,
  received: millis,
  emitted: millis,
  captured,
  clip: count,
  shot: count,
  keyframe: z.enum(['coded', 'synthetic']),
  /** Codebook indices; row-major over the grid, or over the cells set in `positions`. */
  ids,
  /** Bitmap of the grid cells that dynamic ids stand for, base64, least significant bit first. */
  positions: z.base64().optional(),
  degraded: z.literal(true).optional(),
  llm: ids.optional(),
});
export type VisualMessage = z.infer<typeof VisualMessageSchema>;

export const MotionMessageSchema = z.strictObject({
  type: z.literal('motion'),
  epoch,
  seq: count,
  pts: micros,
  received: millis,
  emitted: millis,
  captured,
  clip: count,
  chunk: count,
  /** Fields that the ids stand for, 1 to the pack's fields a chunk; the rest is padding. */
  fields: z.int().min(1).max(255),
  duration: micros,
  /** Codebook indices; empty for a chunk without motion. */
  ids,
  degraded: z.literal(true).optional(),
  llm: ids.optional(),
});
export type MotionMessage = z.infer<typeof MotionMessageSchema>;

export const GapMessageSchema = z.strictObject({
  type: z.literal('gap'),
  epoch,
  seq: count,
  from: micros,
  to: micros,
  reason: z.enum(GAP_REASONS),
  /** Access units, as far as they could be counted, that gave no tokens. */
  dropped: count,
});
export type GapMessage = z.infer<typeof GapMessageSchema>;

export const EndMessageSchema = z.strictObject({
  type: z.literal('end'),
  epoch,
  seq: count,
  reason: z.enum(END_REASONS),
});
export type EndMessage = z.infer<typeof EndMessageSchema>;

/** Tells one subscriber that the messages between two cursors cannot be had any more. */
export const SkipMessageSchema = z.strictObject({
  type: z.literal('skip'),
  from: z.string(),
  to: z.string(),
  reason: z.enum(['expired', 'unknown-epoch']),
});
export type SkipMessage = z.infer<typeof SkipMessageSchema>;

/** Announces that the server will close this connection. */
export const GoawayMessageSchema = z.strictObject({ type: z.literal('goaway'), inMs: count });
export type GoawayMessage = z.infer<typeof GoawayMessageSchema>;

/** A message of an epoch: has a cursor and lives in the journal. */
export const JournalMessageSchema = z.discriminatedUnion('type', [
  StartMessageSchema,
  VisualMessageSchema,
  MotionMessageSchema,
  GapMessageSchema,
  EndMessageSchema,
]);
export type JournalMessage = z.infer<typeof JournalMessageSchema>;

/** Anything that a subscriber can receive. */
export const MessageSchema = z.discriminatedUnion('type', [
  StartMessageSchema,
  VisualMessageSchema,
  MotionMessageSchema,
  GapMessageSchema,
  EndMessageSchema,
  SkipMessageSchema,
  GoawayMessageSchema,
]);
export type Message = z.infer<typeof MessageSchema>;

export { formatCursor as cursorOf } from './cursor.ts';
