import { defer, finalize, identity, type Observable } from 'rxjs';
import type { JournalMessage, MotionSourceName } from '../client-sdk/protocol/messages.ts';
import { type Millis, micros } from '../client-sdk/protocol/units.ts';
import type { OpenDecoder } from './codec/decoder.ts';
import { demux } from './demux/demux.ts';
import type { Scope } from './lifetime.ts';
import type { LoadedPack } from './models/pack.ts';
import { layoutOf } from './models/pack-manifest.ts';
import type { TokenEncoder } from './models/token-encoder.ts';
import { BitstreamMotionSource } from './motion/bitstream-motion-source.ts';
import type { MotionSource } from './motion/motion-source.ts';
import { ReencodeMotionSource } from './motion/reencode-motion-source.ts';
import { AdmissionWindow } from './operators/admission-window.ts';
import { admit } from './operators/admit.ts';
import { ClipControl } from './operators/clip-control.ts';
import { cutClips } from './operators/cut-clips.ts';
import { decodeWithMotion } from './operators/decode-with-motion.ts';
import { PictureBudget } from './operators/picture-budget.ts';
import { sequence } from './operators/sequence.ts';
import { shed } from './operators/shed.ts';
import { toMotionFields } from './operators/to-motion-fields.ts';
import { tokenizeItems } from './operators/tokenize-items.ts';

export const DELIVERIES = ['complete', 'live'] as const;
/** `complete` slows the source and drops nothing; `live` never slows the source and drops under overload. */
export type Delivery = (typeof DELIVERIES)[number];

export const MOTION_CHOICES = ['auto', 'bitstream', 'reencode'] as const;
/** Which motion source to use; `auto` takes `bitstream` where its vectors can be trusted. */
export type MotionChoice = (typeof MOTION_CHOICES)[number];

/** Limits of one publisher. */
export interface TokenizeLimits {
  /** Largest access unit, bytes. */
  readonly maxUnitBytes: number;
  /** Largest coded picture, px. */
  readonly maxPixels: number;
  /** Units between the decoder and the journal. */
  readonly windowUnits: number;
  readonly windowBytes: number;
}

/** What a running tokenization tells beside its messages. */
export interface TokenizeCounters {
  unitsIn: number;
  unitsDropped: number;
  bytesIn: number;
  pictures: number;
  decodeFaults: number;
  /** Keyframes and chunks that a model failed at. */
  inferenceFaults: number;
  /** Keyframes and chunks that wait for inference or run. */
  backlog: number;
}

/** Counters at the beginning of a tokenization. */
export const createCounters = (): TokenizeCounters => ({
  unitsIn: 0,
  unitsDropped: 0,
  bytesIn: 0,
  pictures: 0,
  decodeFaults: 0,
  inferenceFaults: 0,
  backlog: 0,
});

export interface TokenizeOptions {
  readonly stream: string;
  /** ULID of this publisher's presence. */
  readonly epoch: string;
  readonly delivery: Delivery;
  readonly motion: MotionChoice;
  readonly pack: LoadedPack;
  readonly encoder: TokenEncoder;
  readonly openDecoder: OpenDecoder;
  readonly limits: TokenizeLimits;
  /** Rate of a stream that declares none. */
  readonly framesPerSecond?: number | undefined;
  /** Throws an `OverloadedError` where the server has no room for this much work; called when size or rate are known. */
  readonly reserve?: ((load: { pixelsPerSecond: number }) => void) | undefined;
  /** Counted up while the tokenization runs. */
  readonly counters: TokenizeCounters;
  /** Closed by the owner after the end: waits for decoders and encoders to be released. */
  readonly scope: Scope;
  readonly now: () => Millis;
}

/**
 * Tokenizes one publisher's bytes: emits `start`, `visual`, `motion` and `gap` messages in media order and completes
 * after the last one (the owner adds `end`). Errors with a `TokenizerError`. Unsubscribing stops and releases all.
 */
export type Tokenize = (
  source: AsyncIterable<Uint8Array>,
  options: TokenizeOptions,
) => Observable<JournalMessage>;

/** Decoded pictures that may wait for the clip cutter. */
const PICTURE_BUDGET = 4;
/** Keyframes and chunks of a live stream that may wait for inference: at a dozen fields a second about four seconds. */
const LIVE_BACKLOG = 6;

export const tokenize: Tokenize = (source, options) =>
  defer(() => {
    const { counters, delivery, encoder, pack, scope } = options;
    const { clip, motion, visual } = pack.manifest;
    const isLive = delivery === 'live';
    const tick = micros(1e6 / motion.fieldsPerSecond);
    const chunkDuration = micros(motion.fieldsPerChunk * tick);
    const window = new AdmissionWindow({
      units: options.limits.windowUnits,
      bytes: options.limits.windowBytes,
    });
    const budget = new PictureBudget(PICTURE_BUDGET);
    const control = new ClipControl();

    const units = demux(source, {
      maxUnitBytes: options.limits.maxUnitBytes,
      framesPerSecond: options.framesPerSecond,
      now: options.now,
    });
    return admit(units, {
      delivery,
      window,
      chunkDuration,
      onUnit: (unit) => {
        counters.unitsIn += 1;
        counters.bytesIn += unit.data.byteLength;
      },
      onDropped: (dropped) => {
        counters.unitsDropped += dropped;
      },
    }).pipe(
      decodeWithMotion({
        openDecoder: options.openDecoder,
        motion: options.motion,
        maxPixels: options.limits.maxPixels,
        window,
        budget,
        scope,
        reserve: options.reserve,
        onPicture: () => {
          counters.pictures += 1;
        },
        onFault: () => {
          counters.decodeFaults += 1;
        },
      }),
      cutClips({
        keyframeSize: { widthPx: visual.width, heightPx: visual.height },
        minDuration: micros(clip.minDurationMs * 1000),
        maxDuration: micros(clip.maxDurationMs * 1000),
        maxPause: chunkDuration,
        tick,
        createMotionSource: (name) => createMotionSource(name, pack),
        control,
        budget,
        scope,
      }),
      toMotionFields(motion),
      isLive ? shed({ backlog: () => counters.backlog, capacity: LIVE_BACKLOG, control }) : identity,
      tokenizeItems({
        encoder,
        isLive,
        stillThreshold: motion.stillThreshold,
        control,
        onBacklog: (change) => {
          counters.backlog += change;
        },
        onFault: () => {
          counters.inferenceFaults += 1;
        },
      }),
      sequence({
        stream: options.stream,
        epoch: options.epoch,
        pack: { name: pack.manifest.name, version: pack.manifest.version, sha256: pack.sha256 },
        layout: layoutOf(pack.manifest),
        motionFps: motion.fieldsPerSecond,
        provider: encoder.provider.name,
        runtime: encoder.runtime,
        window,
        now: options.now,
      }),
      finalize(() => budget.close()),
    );
  });

const createMotionSource = (name: MotionSourceName, pack: LoadedPack): MotionSource =>
  name === 'bitstream' ? new BitstreamMotionSource() : new ReencodeMotionSource(pack.manifest.motion);
