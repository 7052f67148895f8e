import { ERROR_CODES } from '../../client-sdk/protocol/error-codes.ts';
import { StreamNameSchema } from '../../client-sdk/protocol/messages.ts';
import { OverloadedError, ProtocolError, reasonOf } from '../../pipeline/errors.ts';
import type { Config } from '../config-schema.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Readiness } from '../readiness.ts';
import type { MediaIntake } from './media-intake.ts';
import { defaultPixelsPerSecond, PixelBudget } from './pixel-budget.ts';
import { type PublishRequest, Session } from './session.ts';
import { Stream } from './stream.ts';
import { type SubscriberSink, Subscription, type SubscriptionOptions } from './subscription.ts';

const LONGEST_TICK_MS = 1000;

export interface RegistryOptions {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: () => Metrics;
  readonly readiness: Readiness;
  readonly now?: (() => number) | undefined;
}

/** How to subscribe to a stream; the rest comes from the configuration. */
export interface SubscribeRequest extends Pick<SubscriptionOptions, 'from' | 'isUntilEnd' | 'form'> {
  /** The most that the connection may hold, where that is less than configured. */
  readonly maxBufferBytes?: number | undefined;
}

/** All streams of the server: admits publishers and subscribers, keeps their time, and closes them in order. */
export class StreamRegistry {
  readonly budget: PixelBudget;
  readonly #options: RegistryOptions;
  readonly #now: () => number;
  readonly #streams = new Map<string, Stream>();
  /** Names whose publisher is being replaced. */
  readonly #claims = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #isClosing = false;

  constructor(options: RegistryOptions) {
    const { config } = options;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.budget = new PixelBudget(config.maxPixelsPerSecond || defaultPixelsPerSecond());
    const tickMs = Math.min(
      LONGEST_TICK_MS,
      ...[config.heartbeatMs, config.subscriberStallMs, config.waitMs].map((interval) => interval / 2),
    );
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  get streams(): readonly Stream[] {
    return [...this.#streams.values()];
  }

  get publishers(): number {
    return this.streams.filter((stream) => stream.session).length;
  }

  get subscribers(): number {
    return this.streams.reduce((sum, stream) => sum + stream.subscriptions.size, 0);
  }

  get viewers(): number {
    return this.streams.reduce((sum, stream) => sum + stream.preview.viewers, 0);
  }

  /** A stream that exists: one that is published, can still be read, or is waited for. */
  get(name: string): Stream {
    const stream = this.#streams.get(parseStreamName(name));
    if (!stream) throw new ProtocolError('unknown-stream', `nobody publishes ${name}`);
    return stream;
  }

  /** Begins an epoch. Throws where the name is taken or the server has no room. */
  async publish<I extends MediaIntake>(
    name: string,
    request: PublishRequest<I> & { readonly isTakeover: boolean },
  ): Promise<Session<I>> {
    this.checkPublish(name, request);
    const present = this.#streams.get(name)?.session;
    if (present) {
      this.#claims.add(name);
      await present.cut('replaced').finally(() => this.#claims.delete(name));
      this.checkPublish(name, request);
    }
    return this.#begin(name, request);
  }

  /** Throws what `publish` would refuse at once, before anything is read. */
  checkPublish(name: string, request: { delivery: string; isTakeover: boolean }): void {
    const stream = this.#streams.get(parseStreamName(name));
    if (this.#isClosing) throw new OverloadedError(ERROR_CODES['shutting-down'].title, 'shutting-down');
    // Throws why there is none.
    void this.#options.readiness.engine;
    if ((stream?.session && !request.isTakeover) || this.#claims.has(name)) {
      throw new ProtocolError('stream-busy', `${name} has a publisher; takeover=true would replace it`);
    }
    const { maxStreams } = this.#options.config;
    if (!stream?.session && this.publishers >= maxStreams) {
      throw new OverloadedError(`at most ${maxStreams} streams are published at once`, 'too-many');
    }
    if (request.delivery === 'live' && this.budget.isFull) {
      throw new OverloadedError('the budget of pixels a second is used up');
    }
  }

  /** Adds a subscriber, who may wait for a publisher. Throws where the limits are reached. */
  subscribe(name: string, request: SubscribeRequest, sink: SubscriberSink): Subscription {
    const { config } = this.#options;
    const known = this.#streams.get(parseStreamName(name));
    this.#admitReader(known);
    const stream = known ?? this.#add(name);
    const subscription = new Subscription(stream.journal, sink, {
      ...request,
      bufferBytes: Math.min(config.subscriberBufferBytes, request.maxBufferBytes ?? Infinity),
      stallMs: config.subscriberStallMs,
      heartbeatMs: config.heartbeatMs,
      now: this.#now,
      onClosed: (closed, code) => {
        stream.noteClosed(closed, code);
        if (code) this.#options.metrics().refusals.inc({ code });
      },
    });
    stream.subscriptions.add(subscription);
    stream.greet();
    subscription.pump();
    return subscription;
  }

  /** The stream of a preview viewer, who may wait for a publisher. Throws where the limits are reached. */
  watchable(name: string): Stream {
    const known = this.#streams.get(parseStreamName(name));
    this.#admitReader(known);
    known?.greet();
    return known ?? this.#add(name);
  }

  /** Ends a stream's publisher and forgets the stream. */
  async delete(name: string): Promise<void> {
    const stream = this.get(name);
    await stream.session?.cut('deleted');
    stream.journal.clear();
    stream.dismiss('stream-ended', 'the stream was deleted');
    await stream.preview.close();
    if (stream.isDisposable) this.#streams.delete(name);
  }

  /** Ends all: publishers are drained, subscribers get everything and are told before, within `graceMs`. */
  async close(graceMs: number): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    const deadlineMs = this.#now() + graceMs;
    for (const { subscriptions } of this.streams) {
      for (const subscription of subscriptions) subscription.goaway(graceMs);
    }
    await Promise.all(this.streams.map((stream) => this.#drain(stream, graceMs)));
    while (this.#now() < deadlineMs && !this.#isFlushed()) await new Promise((wake) => setTimeout(wake, 10));
    clearInterval(this.#timer);
    for (const stream of this.streams) stream.dismiss('shutting-down', 'the server is shutting down');
    await Promise.all(this.streams.map((stream) => stream.preview.close()));
  }

  async #drain({ session }: Stream, graceMs: number): Promise<void> {
    if (!session) return;
    session.finish('shutdown');
    const cut = setTimeout(() => {
      session
        .cut('shutdown')
        .catch((fault: unknown) => this.#options.log.error({ fault: reasonOf(fault) }, 'cut'));
    }, graceMs / 2);
    await session.done;
    clearTimeout(cut);
  }

  #isFlushed(): boolean {
    return this.streams.every(({ subscriptions }) =>
      [...subscriptions].every(({ isCaughtUp }) => isCaughtUp),
    );
  }

  #begin<I extends MediaIntake>(name: string, request: PublishRequest<I>): Session<I> {
    const { config, log, readiness, metrics } = this.#options;
    const stream = this.#streams.get(name) ?? this.#add(name);
    const session = Session.start({
      ...request,
      stream: name,
      engine: readiness.engine,
      config,
      budget: this.budget,
      metrics: metrics(),
      log,
      emit: (message) => stream.append(message),
    });
    stream.attach(session);
    session.done.then(
      () => stream.detach(session),
      () => stream.detach(session),
    );
    return session;
  }

  #add(name: string): Stream {
    const { config, log, readiness } = this.#options;
    const stream = new Stream(name, {
      config,
      log,
      now: this.#now,
      previews: () => (readiness.isReady ? readiness.engine.previews : undefined),
    });
    this.#streams.set(name, stream);
    return stream;
  }

  #admitReader(stream: Stream | undefined): void {
    const { maxSubscribers, maxSubscribersPerStream, maxWaiting } = this.#options.config;
    if (this.#isClosing) throw new OverloadedError(ERROR_CODES['shutting-down'].title, 'shutting-down');
    const here = stream ? stream.subscriptions.size + stream.preview.viewers : 0;
    if (here >= maxSubscribersPerStream) throw tooMany(maxSubscribersPerStream, 'subscribers of one stream');
    if (this.subscribers + this.viewers >= maxSubscribers) throw tooMany(maxSubscribers, 'subscribers');
    if ((stream?.isWaiting ?? true) && this.#waiting() >= maxWaiting) {
      throw tooMany(maxWaiting, 'subscribers that wait for a publisher');
    }
  }

  #waiting(): number {
    const waiting = this.streams.filter((stream) => stream.isWaiting);
    return waiting.reduce((sum, stream) => sum + stream.subscriptions.size + stream.preview.viewers, 0);
  }

  #tick(): void {
    for (const stream of this.streams) {
      stream.tick();
      if (stream.isDisposable && !this.#claims.has(stream.name)) {
        this.#streams.delete(stream.name);
        stream.preview
          .close()
          .catch((fault: unknown) =>
            this.#options.log.error({ fault: reasonOf(fault) }, 'preview did not close'),
          );
      }
    }
  }
}

/** Reads a stream's name as it comes in a path. Throws a `ProtocolError`. */
export function parseStreamName(text: string): string {
  const parsed = StreamNameSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  const got = JSON.stringify(text.slice(0, 80));
  throw new ProtocolError(
    'invalid-stream-name',
    `${parsed.error.issues[0]?.message ?? 'not a name'}, got ${got}`,
  );
}

const tooMany = (limit: number, what: string): OverloadedError =>
  new OverloadedError(`at most ${limit} ${what}`, 'too-many');
