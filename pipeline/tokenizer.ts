import type { Observable } from 'rxjs';
import type { JournalMessage } from '../client-sdk/protocol/messages.ts';
import type { Millis } from '../client-sdk/protocol/units.ts';
import type { OpenDecoder } from './codec/decoder.ts';
import type { LoadedPack } from './models/pack.ts';
import type { TokenEncoder } from './models/token-encoder.ts';

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
  readonly counters?: TokenizeCounters | undefined;
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
