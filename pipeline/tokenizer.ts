import { defer, finalize, identity, type Observable } from 'rxjs';
import type { JournalMessage } from '../client-sdk/protocol/messages.ts';
import type { Delivery } from '../client-sdk/protocol/publish.ts';
import type { Millis } from '../client-sdk/protocol/units.ts';
import type { OpenDecoder } from './codec/decoder.ts';
import type { OpenMedia } from './demux/demuxer.ts';
import type { Scope } from './lifetime.ts';
import type { LoadedPack } from './models/pack.ts';
import type { TokenEncoder } from './models/token-encoder.ts';
import { admit } from './operators/admit.ts';
import { cutClips } from './operators/cut-clips.ts';
import { decodeWithMotion } from './operators/decode-with-motion.ts';
import { sequence } from './operators/sequence.ts';
import { shed } from './operators/shed.ts';
import { toMotionFields } from './operators/to-motion-fields.ts';
import { tokenizeItems } from './operators/tokenize-items.ts';
import { stageOptions } from './stage-options.ts';
import type { AccessUnit, Chunk, Keyframe, Picture } from './types.ts';

export type { Delivery };

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

/** Sees what a running tokenization makes its messages of; for measurements. */
export interface TokenizeProbe {
  /** Borrows each access unit for the time of the call, in order of arrival. */
  onUnit(unit: AccessUnit): void;
  /** Borrows each decoded picture for the time of the call, in presentation order. */
  onPicture(picture: Picture): void;
  /** Sees each keyframe and chunk before its inference, in order. */
  onItem(item: Keyframe | Chunk): void;
}

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
  readonly probe?: TokenizeProbe | undefined;
  /** Closed by the owner after the end: waits for decoders and encoders to be released. */
  readonly scope: Scope;
  readonly now: () => Millis;
}

/**
 * Tokenizes one publisher's media: emits `start`, `visual`, `motion` and `gap` messages in media order and completes
 * after the last one (the owner adds `end`). Errors with a `TokenizerError`. Unsubscribing stops and releases all.
 */
export type Tokenize = (open: OpenMedia, options: TokenizeOptions) => Observable<JournalMessage>;

export const tokenize: Tokenize = (open, options) =>
  defer(() => {
    const stages = stageOptions(options);
    return admit(open(stages.demux), stages.admit).pipe(
      decodeWithMotion(stages.decode),
      cutClips(stages.cut),
      toMotionFields(stages.fields),
      stages.shed ? shed(stages.shed) : identity,
      tokenizeItems(stages.tokenize),
      sequence(stages.sequence),
      finalize(stages.release),
    );
  });
