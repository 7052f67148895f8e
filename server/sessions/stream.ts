import type { ErrorCode } from '../../client-sdk/protocol/error-codes.ts';
import type { JournalMessage, StartMessage } from '../../client-sdk/protocol/messages.ts';
import type { PreviewFactory } from '../../pipeline/preview/preview.ts';
import type { Config } from '../config-schema.ts';
import type { Log } from '../log.ts';
import { FanOut } from './fan-out.ts';
import { Journal } from './journal.ts';
import { PreviewHub } from './preview-hub.ts';
import type { Session } from './session.ts';
import type { Subscription } from './subscription.ts';

export interface StreamOptions {
  readonly config: Config;
  readonly log: Log;
  readonly previews: () => PreviewFactory | undefined;
  readonly now: () => number;
}

/** A named place that one publisher feeds and many subscribers read: the journal and all that hangs on it. */
export class Stream {
  readonly name: string;
  readonly journal: Journal;
  readonly preview: PreviewHub;
  readonly subscriptions = new Set<Subscription>();
  /** Subscribers disconnected because they were too slow. */
  slowSubscribers = 0;
  readonly #fanOut = new FanOut(this.subscriptions);
  readonly #options: StreamOptions;
  #session: Session | undefined;
  #latestStart: StartMessage | undefined;
  /** The open clip has come whole and shows what was sent. */
  #isClipClean = false;
  /** Since when nobody publishes, wall clock. */
  #idleSinceMs: number;

  constructor(name: string, options: StreamOptions) {
    const { config, now } = options;
    this.name = name;
    this.#options = options;
    this.#idleSinceMs = now();
    this.journal = new Journal({
      maxBytes: config.journalBytes,
      maxAgeMs: config.journalSeconds * 1000,
      now,
    });
    this.preview = new PreviewHub({
      stream: name,
      journal: this.journal,
      lingerMs: config.preview === 'always' ? undefined : config.previewLingerMs,
      previews: config.preview === 'off' ? () => undefined : options.previews,
      log: options.log,
    });
  }

  /** The publisher present. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** The newest `start` of any epoch. */
  get latestStart(): StartMessage | undefined {
    return this.#latestStart;
  }

  /** Whether subscribers wait for a publisher: none is present and nothing can be read. */
  get isWaiting(): boolean {
    return !this.#session && this.journal.last === undefined;
  }

  /** Whether it can be forgotten: nobody publishes, and nobody reads or could still read. */
  get isDisposable(): boolean {
    return (
      !this.#session &&
      this.journal.last === undefined &&
      this.subscriptions.size === 0 &&
      this.preview.viewers === 0
    );
  }

  attach(session: Session): void {
    this.#session = session;
    if (this.#options.config.preview === 'always' || this.preview.viewers > 0) this.preview.open();
  }

  detach(session: Session): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#idleSinceMs = this.#options.now();
  }

  /** Takes the next message of the present epoch to the journal and from there to everybody. */
  append(message: JournalMessage): void {
    if (message.type === 'start') this.#latestStart = message;
    else if (message.type === 'gap') this.#isClipClean = false;
    else if (message.type === 'visual') this.#isClipClean = message.degraded !== true;
    this.journal.append(message);
    this.#fanOut.spread();
    this.preview.pump();
  }

  /** A reader has come, who begins with the open clip; where that is not clean, a keyframe gives it another. */
  greet(): void {
    if (!this.#isClipClean) this.#session?.needKeyframe();
  }

  noteClosed(subscription: Subscription, code: ErrorCode | undefined): void {
    this.subscriptions.delete(subscription);
    if (code === 'slow-subscriber') this.slowSubscribers += 1;
  }

  /** Keeps the time: heartbeats, stuck and waiting subscribers, the journal's age. */
  tick(): void {
    const { config, now } = this.#options;
    for (const subscription of this.subscriptions) subscription.tick();
    this.journal.trim();
    if (this.#session) return;
    const idleMs = now() - this.#idleSinceMs;
    if (idleMs >= config.lingerMs) this.journal.clear();
    if (idleMs >= config.waitMs) this.#dismissWaiting(now() - config.waitMs);
  }

  /** Ends all readers. */
  dismiss(code: ErrorCode, detail: string): void {
    for (const subscription of this.subscriptions) subscription.close(code, detail);
    this.preview.dismiss(code, detail);
  }

  #dismissWaiting(openedBeforeMs: number): void {
    const detail = `no publisher came within ${this.#options.config.waitMs} ms`;
    for (const subscription of this.subscriptions) {
      if (subscription.openedMs <= openedBeforeMs) subscription.close('wait-expired', detail);
    }
    this.preview.dismiss('wait-expired', detail, openedBeforeMs);
  }
}
