import * as z from 'zod';
import { MOTION_SOURCES, RuntimeSchema, StartMessageSchema, StreamNameSchema } from './messages.ts';

const count = z.int().min(0);
const quantiles = z.strictObject({ p50Ms: z.number(), p95Ms: z.number() }).optional();

/** What is known of a publisher's RTP, counted over the epoch. */
export const RtpInfoSchema = z.strictObject({
  /** `connecting` until ICE and DTLS are through. */
  connection: z.enum(['connecting', 'connected', 'closed']),
  /** Smoothed; absent until it was measured. */
  roundTripMs: z.number().optional(),
  jitterMs: z.number(),
  /** What the publisher is allowed to send, bit/s. */
  allowedBitrate: z.number(),
  /**
   * First arrivals; missing for good; missing and sent again; come twice; come after they had been given up; without a
   * payload; of no use.
   */
  packets: z.strictObject({
    received: count,
    lost: count,
    recovered: count,
    duplicate: count,
    late: count,
    padding: count,
    ignored: count,
  }),
  /** Access units that were reported as lost. */
  unitsLost: count,
  /** Sequence numbers asked for again, repetitions included. */
  retransmissionRequests: count,
  /** Requests by PLI and FIR, those that no keyframe followed in time, and whether one is wanted now. */
  keyframeRequests: z.strictObject({
    pli: count,
    fir: count,
    ignored: count,
    state: z.enum(['idle', 'asked', 'ignored']),
  }),
});
export type RtpInfo = z.infer<typeof RtpInfoSchema>;

/** What a stream's publisher is and does. */
export const PublisherInfoSchema = z.strictObject({
  epoch: z.string(),
  delivery: z.enum(['complete', 'live']),
  /** Wall clock, ms since the Unix epoch. */
  startedMs: z.number(),
  accessUnits: count,
  accessUnitsDropped: count,
  bytes: count,
  pictures: count,
  decodeFaults: count,
  /** Messages by type. */
  messages: z.strictObject({ start: count, visual: count, motion: count, gap: count }),
  /** Averages over the epoch's media time. */
  rates: z.strictObject({
    tokensPerSecond: z.number(),
    tokenBitsPerSecond: z.number(),
    sourceBitsPerSecond: z.number(),
  }),
  /**
   * From the arrival of a message's last access unit (motion: or its clip's visual, if later) to its emission, over the
   * newest messages.
   */
  latencies: z.strictObject({ visual: quantiles, motion: quantiles }),
  /** Only of a publisher over WebRTC. */
  rtp: RtpInfoSchema.optional(),
});

/** The reconstruction as video in one codec, coded once for all who watch over WebRTC. */
export const VideoInfoSchema = z.strictObject({
  viewers: count,
  /** Whether pictures are coded now. */
  isRunning: z.boolean(),
  /** Coded pictures since the reconstruction began, those that were coded again among them. */
  units: count,
  keyframes: count,
  /** Keyframes that were asked for; several requests may be answered by one. */
  keyframeRequests: count,
  /** Pictures that were not coded for want of time. */
  dropped: count,
  bytes: count,
});

/** A stream as `GET /v1/streams/{stream}` shows it. */
export const StreamInfoSchema = z.strictObject({
  stream: StreamNameSchema,
  /** `live`: published now; `ended`: still readable; `waiting`: only subscribers are there. */
  state: z.enum(['live', 'ended', 'waiting']),
  publisher: PublisherInfoSchema.optional(),
  /** What the newest `start` said. */
  media: z
    .strictObject({
      codec: z.string(),
      width: count,
      height: count,
      displayAspect: z.number(),
      motionSource: z.enum(MOTION_SOURCES),
      motionFps: z.number(),
      pack: StartMessageSchema.shape.pack,
      /** Ids that a keyframe has; in the mean, where the pack is of dynamic length. */
      keyframeTokens: count,
      provider: z.string(),
      runtime: RuntimeSchema,
    })
    .optional(),
  subscribers: count,
  viewers: count,
  /** Subscribers disconnected because they read too slowly. */
  slowSubscribers: count,
  journal: z.strictObject({
    messages: count,
    bytes: count,
    /** Cursors of the oldest and the newest message held. */
    earliest: z.string().optional(),
    latest: z.string().optional(),
  }),
  /** Pictures of the reconstruction that were made, and not made for want of time. */
  preview: z.strictObject({
    made: count,
    dropped: count,
    /** By codec; absent where nobody has watched it so. */
    video: z.strictObject({ h264: VideoInfoSchema.optional(), vp8: VideoInfoSchema.optional() }),
  }),
});
export type StreamInfo = z.infer<typeof StreamInfoSchema>;

/** `GET /v1/streams`. */
export const StreamListSchema = z.strictObject({
  streams: z.array(StreamInfoSchema),
  /** The execution provider in use, and why it was chosen. */
  provider: z.strictObject({ name: z.string(), reason: z.string() }).optional(),
});
export type StreamList = z.infer<typeof StreamListSchema>;
