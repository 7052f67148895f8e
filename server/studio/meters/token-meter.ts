import type {
  JournalMessage,
  MotionMessage,
  TokenLayout,
  VisualMessage,
} from '../../../client-sdk/protocol/messages.ts';
import { tokenLoadOf } from '../../../client-sdk/protocol/token-load.ts';

/** Media time that rates are taken over. */
const RATE_WINDOW_US = 10_000_000;
const MAX_LATENCIES = 240;

/** Median and 95th percentile, ms. */
export interface Quantiles {
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** What a stream's messages add up to. Rates are over the last ten seconds of media time. */
export interface TokenFigures {
  readonly tokensPerSecond: number;
  /** Ids at log2 of their codebook's size. */
  readonly bitsPerSecond: number;
  /** Emitted minus received on the server's clock; motion waits for its clip's visual first, as law 4 demands. */
  readonly keyframeLatency: Quantiles | undefined;
  readonly motionLatency: Quantiles | undefined;
  readonly keyframes: number;
  readonly chunks: number;
  readonly stillChunks: number;
  readonly gaps: number;
  readonly droppedPictures: number;
  readonly degraded: number;
  readonly clip: number | undefined;
  readonly shot: number | undefined;
}

interface Sample {
  readonly endUs: number;
  readonly tokens: number;
  readonly bits: number;
}

/** Adds up a stream's messages. */
export class TokenMeter {
  #layout: TokenLayout | undefined;
  #samples: Sample[] = [];
  #firstUs: number | undefined;
  #newestUs = 0;
  #visualEmitted = 0;
  readonly #latencies: { visual: number[]; motion: number[] } = { visual: [], motion: [] };
  readonly #counts = { keyframes: 0, chunks: 0, stillChunks: 0, gaps: 0, droppedPictures: 0, degraded: 0 };
  #clip: number | undefined;
  #shot: number | undefined;

  /** Counts a message. */
  add(message: JournalMessage): void {
    switch (message.type) {
      case 'start':
        this.#layout = message.layout;
        if (message.replay !== true && message.seq === 0) this.#restartClock();
        return;
      case 'visual':
        this.#counts.keyframes++;
        this.#clip = message.clip;
        this.#shot = message.shot;
        this.#visualEmitted = message.emitted;
        this.#addLatency('visual', message.emitted - message.received);
        this.#addTokens(message, message.pts);
        return;
      case 'motion':
        this.#counts.chunks++;
        if (message.ids.length === 0) this.#counts.stillChunks++;
        this.#addLatency('motion', message.emitted - Math.max(message.received, this.#visualEmitted));
        this.#addTokens(message, message.pts + message.duration);
        return;
      case 'gap':
        this.#counts.gaps++;
        this.#counts.droppedPictures += message.dropped;
        return;
      case 'end':
        return;
    }
  }

  /** The figures of now. */
  read(): TokenFigures {
    const spanUs = Math.min(RATE_WINDOW_US, this.#newestUs - (this.#firstUs ?? 0));
    const perSecond = (sum: number) => (spanUs > 0 ? (sum * 1e6) / spanUs : 0);
    return {
      tokensPerSecond: perSecond(this.#samples.reduce((sum, { tokens }) => sum + tokens, 0)),
      bitsPerSecond: perSecond(this.#samples.reduce((sum, { bits }) => sum + bits, 0)),
      keyframeLatency: quantilesOf(this.#latencies.visual),
      motionLatency: quantilesOf(this.#latencies.motion),
      ...this.#counts,
      clip: this.#clip,
      shot: this.#shot,
    };
  }

  #restartClock(): void {
    this.#samples = [];
    this.#firstUs = undefined;
    this.#newestUs = 0;
    this.#visualEmitted = 0;
  }

  #addLatency(kind: 'visual' | 'motion', latencyMs: number): void {
    const latencies = this.#latencies[kind];
    latencies.push(latencyMs);
    if (latencies.length > MAX_LATENCIES) latencies.shift();
  }

  #addTokens(message: VisualMessage | MotionMessage, endUs: number): void {
    if (message.degraded === true) this.#counts.degraded++;
    const { tokens, bits } = this.#layout
      ? tokenLoadOf(message, this.#layout)
      : { tokens: message.ids.length, bits: 0 };
    this.#firstUs ??= message.pts;
    this.#newestUs = Math.max(this.#newestUs, endUs);
    this.#samples.push({ endUs, tokens, bits });
    this.#samples = this.#samples.filter((sample) => sample.endUs > this.#newestUs - RATE_WINDOW_US);
  }
}

/** Median and 95th percentile (nearest rank); `undefined` of nothing. */
export function quantilesOf(values: readonly number[]): Quantiles | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return { p50Ms: at(0.5), p95Ms: at(0.95) };
}
