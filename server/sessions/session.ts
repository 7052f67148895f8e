import { monotonicFactory } from 'ulid';
import { ERROR_CODES, type ErrorCode } from '../../client-sdk/protocol/error-codes.ts';
import type { EndReason, JournalMessage } from '../../client-sdk/protocol/messages.ts';
import type { RtpInfo } from '../../client-sdk/protocol/stream-info.ts';
import type { PublishSummary } from '../../client-sdk/protocol/summary.ts';
import { nowMillis } from '../../client-sdk/protocol/units.ts';
import { MediaError, ProtocolError, type TokenizerError } from '../../pipeline/errors.ts';
import { Scope } from '../../pipeline/lifetime.ts';
import type { Delivery, MotionChoice } from '../../pipeline/tokenizer.ts';
import type { Config } from '../config-schema.ts';
import { toTokenizerError } from '../http/to-tokenizer-error.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Engine } from './engine.ts';
import type { MediaIntake } from './media-intake.ts';
import type { PixelBudget } from './pixel-budget.ts';
import { SessionStatistics } from './session-statistics.ts';

const nextUlid = monotonicFactory();
const REPORT_INTERVAL_MS = 1000;

/** What a publisher asks for. */
export interface PublishRequest<I extends MediaIntake = MediaIntake> {
  readonly delivery: Delivery;
  readonly motion: MotionChoice;
  readonly framesPerSecond?: number | undefined;
  /** Opens what the publisher's media goes to; it calls `onStall` when nothing has come for too long. */
  openIntake(onStall: () => void): I;
  /** What is known of the publisher's RTP, where it comes by that. */
  describeRtp?(): RtpInfo;
  /** A reader would be better off with a keyframe. */
  needKeyframe?(): void;
}

export interface SessionOptions<I extends MediaIntake = MediaIntake> extends PublishRequest<I> {
  readonly stream: string;
  readonly engine: Engine;
  readonly config: Config;
  readonly budget: PixelBudget;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Takes the epoch's messages in order, `end` last. */
  emit(message: JournalMessage): void;
}

/** How an epoch ended. */
export interface SessionOutcome {
  readonly summary: PublishSummary;
  /** What the publisher is told in place of success. */
  readonly error: TokenizerError | undefined;
}

/** One epoch: the one place that subscribes to a tokenization, and the owner of all that runs for a publisher. */
export class Session<I extends MediaIntake = MediaIntake> {
  readonly epoch = nextUlid();
  readonly intake: I;
  readonly statistics: SessionStatistics;
  readonly startedMs = Date.now();
  readonly delivery: Delivery;
  /** Settles when everything is released; never rejects. */
  readonly done: Promise<SessionOutcome>;
  readonly #options: SessionOptions<I>;
  readonly #log: Log;
  readonly #scope = new Scope();
  #settle: (outcome: SessionOutcome) => void = () => undefined;
  #nextSeq = 0;
  /** Why the epoch is ending, once something other than the end of the media has decided it. */
  #reason: EndReason | undefined;
  #isSettled = false;

  private constructor(options: SessionOptions<I>) {
    this.#options = options;
    this.delivery = options.delivery;
    this.#log = options.log.child({ stream: options.stream, epoch: this.epoch });
    this.statistics = new SessionStatistics(options.delivery, options.metrics);
    this.done = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.intake = options.openIntake(() => this.finish('stalled'));
  }

  /** Begins an epoch; its media goes to `intake`. */
  static start<I extends MediaIntake>(options: SessionOptions<I>): Session<I> {
    const session = new Session(options);
    session.#begin();
    return session;
  }

  /** What is known of the publisher's RTP, where it comes by that. */
  get rtp(): RtpInfo | undefined {
    return this.#options.describeRtp?.();
  }

  /** A reader would be better off with a keyframe; asks the publisher for one where that is possible. */
  needKeyframe(): void {
    this.#options.needKeyframe?.();
  }

  /** Takes no more media, tokenizes what has arrived within the configured time, and ends. */
  finish(reason: EndReason): void {
    if (this.#isSettled) return;
    this.#reason ??= reason;
    this.intake.end();
    const deadline = setTimeout(() => this.#end(), this.#options.config.drainMs);
    this.#scope.defer(() => clearTimeout(deadline));
  }

  /** Ends now; what has arrived and is not yet tokenized is given up. */
  cut(reason: EndReason): Promise<SessionOutcome> {
    this.#reason ??= reason;
    this.#end();
    return this.done;
  }

  #begin(): void {
    const { stream, engine, config, delivery, motion, framesPerSecond, budget } = this.#options;
    const report = setInterval(() => this.statistics.report(), REPORT_INTERVAL_MS);
    this.#scope.defer(() => budget.release(this.epoch));
    this.#scope.defer(() => this.statistics.report());
    this.#scope.defer(() => clearInterval(report));
    this.#scope.defer(() => this.intake.cancel());
    this.#log.info({ delivery, motion }, 'publisher accepted');
    const messages$ = engine.tokenize(this.intake.open, {
      stream,
      epoch: this.epoch,
      delivery,
      motion,
      pack: engine.pack,
      encoder: engine.encoder,
      openDecoder: engine.openDecoder,
      limits: config,
      framesPerSecond,
      // An upload gives way to live work and is slowed by its socket, so only live work needs room.
      reserve: delivery === 'live' ? (load) => budget.reserve(this.epoch, load.pixelsPerSecond) : undefined,
      counters: this.statistics.counters,
      scope: this.#scope,
      now: nowMillis,
    });
    const run = messages$.subscribe({
      next: (message) => this.#emit(message),
      error: (fault: unknown) => this.#end(toTokenizerError(fault)),
      complete: () => this.#end(this.#lackOfMedia()),
    });
    this.#scope.defer(() => run.unsubscribe());
  }

  #emit(message: JournalMessage): void {
    if (this.#isSettled) return;
    if (message.type === 'start') this.#logStart(message);
    this.#nextSeq = message.seq + 1;
    this.statistics.count(message);
    this.#options.emit(message);
  }

  #logStart({ codec, width, height, motionSource }: Extract<JournalMessage, { type: 'start' }>): void {
    this.#log.info({ codec, width, height, motionSource }, 'tokenizing');
  }

  /** Ends the epoch once. One that never gave a message leaves no trace in the journal. */
  #end(fault?: TokenizerError): void {
    if (this.#isSettled) return;
    const reason = this.#reason ?? (fault ? 'failed' : 'finished');
    if (this.#nextSeq > 0) this.#emit({ type: 'end', epoch: this.epoch, seq: this.#nextSeq, reason });
    this.#isSettled = true;
    const summary = this.statistics.summary(this.#options.stream, this.epoch, reason);
    const error = reason === 'failed' ? fault : errorOfReason(reason);
    this.#options.metrics.epochs.inc({ reason });
    this.#logEnd(summary, fault);
    this.#release().then(
      () => this.#settle({ summary, error }),
      (cause: unknown) => this.#settle({ summary, error: toTokenizerError(cause) }),
    );
  }

  async #release(): Promise<void> {
    try {
      await this.#scope.close();
    } catch (err) {
      this.#log.error({ err }, 'release failed');
    }
  }

  /** A publication that ends well has given at least one message. */
  #lackOfMedia(): TokenizerError | undefined {
    if (this.#nextSeq > 0) return undefined;
    if (this.intake.takenBytes === 0)
      return new ProtocolError('empty-body', 'a publication has media, got none');
    return new MediaError('no-pictures', `none in ${this.intake.takenBytes} bytes`);
  }

  #logEnd({ reason, accessUnits, messages, durationUs }: PublishSummary, fault?: TokenizerError): void {
    const { unitsDropped, bytesIn } = this.statistics.counters;
    const fields = { reason, accessUnits, unitsDropped, bytesIn, messages, durationUs };
    if (fault?.code === 'internal' || fault?.code === 'model-failed')
      this.#log.error({ ...fields, err: fault }, 'publisher ended');
    else this.#log.info({ ...fields, code: fault?.code, detail: fault?.message }, 'publisher ended');
  }
}

const CODE_OF_REASON = {
  aborted: 'aborted',
  lost: 'aborted',
  replaced: 'replaced',
  stalled: 'stalled',
  deleted: 'stream-ended',
  shutdown: 'shutting-down',
} as const satisfies Partial<Record<EndReason, ErrorCode>>;

function errorOfReason(reason: Exclude<EndReason, 'failed'>): TokenizerError | undefined {
  if (reason === 'finished') return undefined;
  const code = CODE_OF_REASON[reason];
  return new ProtocolError(code, ERROR_CODES[code].title);
}
