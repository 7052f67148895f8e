import type {
  EndReason,
  JournalMessage,
  MotionMessage,
  StartMessage,
  VisualMessage,
} from '../../client-sdk/protocol/messages.ts';
import type { PublishSummary } from '../../client-sdk/protocol/summary.ts';
import { tokenLoadOf } from '../../client-sdk/protocol/token-load.ts';
import { assert, assertNever } from '../../pipeline/errors.ts';
import { createCounters, type Delivery } from '../../pipeline/tokenizer.ts';
import type { Gap } from '../../pipeline/types.ts';
import type { Metrics } from '../metrics.ts';
import { LatencyWindow } from './latency-window.ts';

/** Gaps that a summary lists; the number of all of them stands beside. */
const LISTED_GAPS = 1000;

type ListedGap = Omit<Gap, 'type' | 'from' | 'to'> & { from: number; to: number };

/** Figures of one epoch, gathered from its messages. */
export class SessionStatistics {
  readonly counters = createCounters();
  readonly messages = { start: 0, visual: 0, motion: 0, gap: 0 };
  readonly latencies = { visual: new LatencyWindow(), motion: new LatencyWindow() };
  readonly #delivery: Delivery;
  readonly #metrics: Metrics;
  readonly #gaps: ListedGap[] = [];
  readonly #reported = { unitsIn: 0, unitsDropped: 0, bytesIn: 0 };
  #start: StartMessage | undefined;
  /** Media time up to which messages have come, µs. */
  #durationUs = 0;
  #tokens = 0;
  #tokenBits = 0;
  /** Emission of the open clip's visual, before which its motion could not leave. */
  #visualEmitted = 0;

  constructor(delivery: Delivery, metrics: Metrics) {
    this.#delivery = delivery;
    this.#metrics = metrics;
  }

  /** The `start` in force. */
  get start(): StartMessage | undefined {
    return this.#start;
  }

  count(message: JournalMessage): void {
    this.#metrics.messages.inc({ type: message.type });
    switch (message.type) {
      case 'start':
        this.#start = message;
        this.messages.start += 1;
        return;
      case 'visual':
        this.messages.visual += 1;
        this.#visualEmitted = message.emitted;
        this.#countLatency('visual', message.emitted - message.received);
        this.#countTokens(message, message.pts);
        return;
      case 'motion':
        this.messages.motion += 1;
        this.#countLatency('motion', message.emitted - Math.max(message.received, this.#visualEmitted));
        this.#countTokens(message, message.pts + message.duration);
        return;
      case 'gap':
        this.#countGap(message);
        return;
      case 'end':
        return;
      default:
        assertNever(message);
    }
  }

  /** Adds what was counted since the last report to the server's metrics. */
  report(): void {
    const { unitsIn, unitsDropped, bytesIn } = this.counters;
    this.#metrics.units.inc({ outcome: 'arrived' }, unitsIn - this.#reported.unitsIn);
    this.#metrics.units.inc({ outcome: 'dropped' }, unitsDropped - this.#reported.unitsDropped);
    this.#metrics.bytesIn.inc(bytesIn - this.#reported.bytesIn);
    Object.assign(this.#reported, { unitsIn, unitsDropped, bytesIn });
  }

  summary(stream: string, epoch: string, reason: EndReason): PublishSummary {
    return {
      type: 'summary',
      stream,
      epoch,
      accessUnits: this.counters.unitsIn,
      messages: { ...this.messages },
      gaps: [...this.#gaps],
      durationUs: this.#durationUs,
      reason,
    };
  }

  /** Averages over the epoch's media time; tokens and bits as `tokenLoadOf` has them. */
  rates(): { tokensPerSecond: number; tokenBitsPerSecond: number; sourceBitsPerSecond: number } {
    const perSecond = (value: number): number =>
      this.#durationUs > 0 ? (value * 1e6) / this.#durationUs : 0;
    return {
      tokensPerSecond: perSecond(this.#tokens),
      tokenBitsPerSecond: perSecond(this.#tokenBits),
      sourceBitsPerSecond: perSecond(this.counters.bytesIn * 8),
    };
  }

  #countTokens(message: VisualMessage | MotionMessage, untilUs: number): void {
    assert(this.#start, 'a start comes before tokens');
    const { tokens, bits } = tokenLoadOf(message, this.#start.layout);
    this.#tokens += tokens;
    this.#tokenBits += bits;
    this.#durationUs = Math.max(this.#durationUs, untilUs);
    this.#metrics.tokens.inc({ type: message.type }, tokens);
  }

  #countLatency(kind: 'visual' | 'motion', latencyMs: number): void {
    this.latencies[kind].add(latencyMs);
    this.#metrics.latency.observe({ kind, delivery: this.#delivery }, latencyMs / 1000);
  }

  #countGap({ from, to, reason, dropped }: ListedGap): void {
    this.messages.gap += 1;
    this.#metrics.gaps.inc({ reason });
    this.#durationUs = Math.max(this.#durationUs, to);
    if (this.#gaps.length < LISTED_GAPS) this.#gaps.push({ from, to, reason, dropped });
  }
}
