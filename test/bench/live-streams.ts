import { connect } from '../../client-sdk/index.ts';
import type { GapMessage, MotionMessage, VisualMessage } from '../../client-sdk/protocol/messages.ts';
import type { PublishSummary } from '../../client-sdk/protocol/summary.ts';
import { reasonOf } from '../../pipeline/errors.ts';
import type { MeasuredServer, Reading } from './measured-server.ts';
import type { Measure } from './report.ts';
import { percentilesOf } from './statistics.ts';
import { paced, type ScheduledUnit } from './ts-schedule.ts';

export interface LiveOptions {
  readonly server: MeasuredServer;
  readonly units: readonly ScheduledUnit[];
  readonly streams: number;
  /** Length of each publication; the first `settleSeconds` of it do not count. */
  readonly seconds: number;
  readonly settleSeconds: number;
  readonly motion: 'bitstream' | 'reencode';
  /** Called when all streams run and have settled. */
  readonly whileLive?: ((streams: readonly string[]) => Promise<void>) | undefined;
}

/** What live streams did, all of them together. */
export interface LiveOutcome {
  /** Of the server's whole process, in per cent of one processor. */
  readonly cpuPercent: number;
  readonly loopDelayMs: Reading['loopDelayMs'];
  /** From the arrival of a keyframe's last byte to the emission of its tokens, ms. */
  readonly keyframeMs: readonly number[];
  /** From the later of a chunk's last arrival and its clip's visual to the emission of its tokens, ms. */
  readonly motionMs: readonly number[];
  readonly gaps: ReadonlyMap<string, number>;
  /** Share of the media time that lies in gaps, per cent. */
  readonly lostPercent: number;
  readonly previewPictures: number;
  readonly rssBytes: number;
  /** Visual and motion messages that the server says it has made, and that one subscriber of each stream has got. */
  readonly made: number;
  readonly received: number;
  /** Publications that the server ended. */
  readonly failures: readonly string[];
}

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `camera-${index}`);

/** Publishes streams as cameras do, each with a viewer and a subscriber, and measures the server meanwhile. */
export async function runLive(options: LiveOptions): Promise<LiveOutcome> {
  const { server, streams, seconds, settleSeconds } = options;
  const client = connect(server.url);
  const watchers = names(streams).map((name) => new StreamWatch(name, server.url));
  const settleMs = settleSeconds * 1000;
  const failures: string[] = [];
  const publications = names(streams).map((name, index) =>
    client
      .stream(name)
      .publish(paced(options.units, { seconds, offsetMs: (index * 1000) / streams }), {
        delivery: 'live',
        motion: options.motion,
      })
      .catch((error: unknown) => {
        failures.push(`${name}: ${reasonOf(error)}`);
        return undefined;
      }),
  );
  const settled = delay(settleMs).then(async () => {
    for (const watcher of watchers) watcher.startCounting();
    const before = await server.read();
    const beganMs = performance.now();
    await options.whileLive?.(names(streams));
    await delay(seconds * 1000 - settleMs - 1000 - (performance.now() - beganMs));
    const after = await server.read();
    return { before, after, elapsedMs: performance.now() - beganMs };
  });
  const [summaries, { before, after, elapsedMs }] = await Promise.all([Promise.all(publications), settled]);
  await Promise.all(watchers.map((watcher) => watcher.done()));
  return {
    cpuPercent: (100 * (after.cpuMs - before.cpuMs)) / elapsedMs,
    loopDelayMs: after.loopDelayMs,
    rssBytes: after.rssBytes,
    failures,
    ...combine(
      watchers,
      summaries.flatMap((summary) => summary ?? []),
    ),
  };
}

function combine(watchers: readonly StreamWatch[], summaries: readonly PublishSummary[]) {
  const gaps = new Map<string, number>();
  let lostUs = 0;
  for (const gap of watchers.flatMap((watcher) => watcher.gaps)) {
    gaps.set(gap.reason, (gaps.get(gap.reason) ?? 0) + 1);
    lostUs += gap.to - gap.from;
  }
  const mediaUs = summaries.reduce((sum, summary) => sum + summary.durationUs, 0);
  return {
    keyframeMs: watchers.flatMap((watcher) => watcher.keyframeMs),
    motionMs: watchers.flatMap((watcher) => watcher.motionMs),
    gaps,
    lostPercent: (100 * lostUs) / mediaUs,
    previewPictures: watchers.reduce((sum, watcher) => sum + watcher.pictures, 0),
    made: summaries.reduce((sum, { messages }) => sum + messages.visual + messages.motion, 0),
    received: watchers.reduce((sum, watcher) => sum + watcher.received, 0),
  };
}

/** One subscriber and one viewer of a stream; both come before its publisher. */
class StreamWatch {
  readonly keyframeMs: number[] = [];
  readonly motionMs: number[] = [];
  readonly gaps: GapMessage[] = [];
  pictures = 0;
  received = 0;
  readonly #abort = new AbortController();
  readonly #tokens: Promise<void>;
  readonly #preview: Promise<void>;
  #isCounting = false;
  #visualEmitted = new Map<number, number>();

  constructor(name: string, url: string) {
    const stream = connect(url).stream(name);
    this.#tokens = this.#follow(stream.tokens({ until: 'end' }));
    // Whoever waits for the end is told.
    this.#tokens.catch(() => undefined);
    this.#preview = this.#watch(stream.preview({ as: 'jpeg', signal: this.#abort.signal })).catch(
      (error: unknown) => {
        if (!this.#abort.signal.aborted) throw error;
      },
    );
  }

  /** From now on messages and pictures count, except that gaps always do. */
  startCounting(): void {
    this.#isCounting = true;
  }

  /** Resolves when the epoch has ended. */
  async done(): Promise<void> {
    await this.#tokens;
    this.#abort.abort();
    await this.#preview;
  }

  async #follow(messages: AsyncIterable<{ type: string }>): Promise<void> {
    for await (const message of messages as AsyncIterable<VisualMessage | MotionMessage | GapMessage>) {
      if (message.type === 'gap') this.gaps.push(message);
      if (message.type === 'visual') this.#takeVisual(message);
      if (message.type === 'motion') this.#takeMotion(message);
    }
  }

  async #watch(pictures: AsyncIterable<unknown>): Promise<void> {
    for await (const _ of pictures) if (this.#isCounting) this.pictures += 1;
  }

  #takeVisual({ clip, emitted, received }: VisualMessage): void {
    this.received += 1;
    this.#visualEmitted.set(clip, emitted);
    if (this.#isCounting) this.keyframeMs.push(emitted - received);
  }

  #takeMotion({ clip, emitted, received }: MotionMessage): void {
    this.received += 1;
    if (this.#isCounting)
      this.motionMs.push(emitted - Math.max(received, this.#visualEmitted.get(clip) ?? 0));
  }
}

/** The figures of an outcome that every benchmark of live streams tells. */
export function liveMeasures(
  prefix: string,
  outcome: LiveOutcome,
  goals: { isSingle?: boolean } = {},
): Measure[] {
  const keyframe = percentilesOf(outcome.keyframeMs);
  const motion = percentilesOf(outcome.motionMs);
  const measure = (name: string, value: number | undefined, unit: string, atMost?: number): Measure[] =>
    value === undefined ? [] : [{ name: `${prefix}: ${name}`, value, unit, atMost }];
  return [
    ...measure('processor', outcome.cpuPercent, '% of one', goals.isSingle ? 60 : undefined),
    ...measure('keyframe tokens p50', keyframe?.p50, 'ms'),
    ...measure('keyframe tokens p95', keyframe?.p95, 'ms', 250),
    ...measure('motion tokens p50', motion?.p50, 'ms'),
    ...measure('motion tokens p95', motion?.p95, 'ms', 80),
    ...measure('event loop p99', outcome.loopDelayMs.p99, 'ms'),
    ...measure('in gaps', outcome.lostPercent, '% of media'),
    ...measure('preview pictures', outcome.previewPictures, ''),
    ...measure('memory', outcome.rssBytes / 2 ** 20, 'MiB'),
  ];
}

/** What gave way in an outcome, as text: gaps by reason, publications that were ended. */
export const lossNotes = (prefix: string, { gaps, failures }: LiveOutcome): string[] => [
  `${prefix}: ${gaps.size === 0 ? 'no gap' : [...gaps].map(([reason, count]) => `${count} gaps of ${reason}`).join(', ')}`,
  ...failures.map((failure) => `${prefix}: ${failure}`),
];

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
