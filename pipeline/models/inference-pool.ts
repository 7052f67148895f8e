import type { Worker } from 'node:worker_threads';
import { DisposedError, ModelError, OverloadedError, reasonOf } from '../errors.ts';
import { Batcher } from './batcher.ts';
import type { EncodeItem, EncodeKind } from './encoder-engine.ts';
import type { InferenceReady, InferenceSetup, InferenceThread } from './serve-inference.ts';
import type { EncodedItem } from './token-encoder.ts';
import { WorkerThread } from './worker-thread.ts';

export interface PoolOptions {
  /** What the first thread starts with. */
  readonly setup: InferenceSetup;
  /** Threads that run side by side on a provider. */
  readonly workersOn: (provider: string) => number;
  /** How long an item waits for company where batches hold more than one, milliseconds. */
  readonly batchWaitMs: number;
  /** Items that may wait; one more is refused. */
  readonly maxWaiting: number;
  /** Starts a thread that runs `serveInference`. */
  readonly startThread: (setup: InferenceSetup) => Worker;
  /** Told of every thread that was lost, and of every one that took its place. */
  readonly onThread?: ((event: ThreadEvent) => void) | undefined;
}

export type ThreadEvent =
  | { readonly type: 'lost'; readonly reason: string }
  | { readonly type: 'replaced' }
  | { readonly type: 'given-up'; readonly reason: string };

/** What a pool has done since it was made. */
export interface PoolStats {
  readonly done: Readonly<Record<EncodeKind, number>>;
  readonly failed: number;
  /** Time that threads spent in runs, milliseconds, by kind. */
  readonly busyMs: Readonly<Record<EncodeKind, number>>;
  readonly waiting: number;
  readonly running: number;
  /** Warm threads. */
  readonly threads: number;
  /** Threads that took the place of lost ones. */
  readonly restarts: number;
}

export interface Work {
  readonly item: EncodeItem;
  /** 0 is done first. */
  readonly priority: number;
  readonly signal?: AbortSignal | undefined;
}

interface Job {
  readonly kind: EncodeKind;
  readonly priority: number;
  readonly item: EncodeItem;
  readonly resolve: (encoded: EncodedItem) => void;
  readonly reject: (error: unknown) => void;
}

/** Starts of a replacement that may fail in a row, and the wait after the first of them. */
const MAX_FAILED_STARTS = 6;
const FIRST_WAIT_MS = 100;

/**
 * Threads that encode, before which work waits in order of priority. A thread that dies takes down only the items that
 * it was running; another takes its place.
 */
export class InferencePool implements AsyncDisposable {
  readonly #options: PoolOptions;
  readonly #setup: InferenceSetup;
  readonly #waiting: Batcher<Job>;
  /** Warm threads without work. */
  readonly #idle: InferenceThread[] = [];
  /** All threads that have not ended, warm or not. */
  readonly #alive = new Set<InferenceThread>();
  readonly #running = new Set<Job>();
  readonly #cancelRestarts = new Set<() => void>();
  readonly #done = { keyframe: 0, motion: 0 };
  readonly #busyMs = { keyframe: 0, motion: 0 };
  #warm = 0;
  #failed = 0;
  #restarts = 0;
  #state: 'open' | 'closed' | { aborted: Error } = 'open';
  #closing: Promise<void> | undefined;
  /** What the first thread told. */
  readonly ready: InferenceReady;

  /** Opens the threads and resolves when all are warm. Rejects with a `ConfigError` or `ModelError`. */
  static async create(options: PoolOptions): Promise<InferencePool> {
    const first: InferenceThread = new WorkerThread(options.startThread(options.setup));
    const ready = await first.ready;
    const pool = new InferencePool(options, first, ready);
    try {
      const others = Array.from({ length: options.workersOn(ready.provider.name) - 1 }, () => pool.#start());
      await Promise.all(others);
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  private constructor(options: PoolOptions, first: InferenceThread, ready: InferenceReady) {
    this.#options = options;
    this.ready = ready;
    // Every further thread runs what the first one chose: ids must not depend on the thread.
    this.#setup = { ...options.setup, provider: ready.provider, batchSize: ready.batch.size };
    this.#waiting = new Batcher<Job>({
      size: ready.batch.size,
      waitMs: options.batchWaitMs,
      now: () => performance.now(),
      schedule: (task, delayMs) => {
        const timer = setTimeout(task, delayMs);
        return () => clearTimeout(timer);
      },
      onDue: () => this.#dispatch(),
    });
    this.#adopt(first);
  }

  get stats(): PoolStats {
    return {
      done: { ...this.#done },
      failed: this.#failed,
      busyMs: { ...this.#busyMs },
      waiting: this.#waiting.length,
      running: this.#running.size,
      threads: this.#warm,
      restarts: this.#restarts,
    };
  }

  /**
   * Encodes one item, whose buffers it takes ownership of. Rejects with a `ModelError`, an `OverloadedError` where too
   * much waits, a `DisposedError`, or the signal's reason where the item still waited.
   */
  encode({ item, priority, signal }: Work): Promise<EncodedItem> {
    return new Promise((resolve, reject) => {
      const refusal = this.#refusal(signal);
      if (refusal !== undefined) {
        reject(refusal);
        return;
      }
      const settle = (): void => signal?.removeEventListener('abort', abort);
      const job: Job = {
        kind: item.kind,
        priority,
        item,
        resolve: (encoded) => {
          settle();
          resolve(encoded);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      // A run cannot be stopped half-way; one that has begun goes on to its end.
      const abort = (): void => {
        if (this.#waiting.remove(job)) job.reject(signal?.reason);
      };
      signal?.addEventListener('abort', abort);
      this.#waiting.add(job);
      this.#dispatch();
    });
  }

  /** Rejects what waits or runs with a `DisposedError` and ends every thread after its run. The same promise each time. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown('closed', new DisposedError('the inference pool'));
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #refusal(signal: AbortSignal | undefined): unknown {
    if (this.#state === 'closed') return new DisposedError('the inference pool');
    if (this.#state !== 'open') return this.#state.aborted;
    if (signal?.aborted) return signal.reason;
    if (this.#waiting.length < this.#options.maxWaiting) return undefined;
    return new OverloadedError(`at most ${this.#options.maxWaiting} items may wait for inference`);
  }

  #dispatch(): void {
    while (this.#idle.length > 0) {
      const jobs = this.#waiting.take();
      if (jobs === undefined) return;
      void this.#run(this.#idle.pop()!, jobs);
    }
  }

  async #run(thread: InferenceThread, jobs: readonly Job[]): Promise<void> {
    const kind = jobs[0]!.kind;
    for (const job of jobs) this.#running.add(job);
    try {
      const items = jobs.map((job) => job.item);
      const { encoded, busyMs } = await thread.run(items, items.flatMap(buffersOf));
      this.#busyMs[kind] += busyMs;
      jobs.forEach((job, slot) => {
        if (!this.#running.delete(job)) return;
        this.#done[kind] += 1;
        job.resolve(encoded[slot]!);
      });
    } catch (error) {
      for (const job of jobs) {
        if (!this.#running.delete(job)) continue;
        this.#failed += 1;
        job.reject(error);
      }
    }
    if (thread.hasEnded) return;
    this.#idle.push(thread);
    this.#dispatch();
  }

  /** Starts one more thread; resolves when it is warm. */
  async #start(): Promise<void> {
    const thread: InferenceThread = new WorkerThread(this.#options.startThread(this.#setup));
    this.#alive.add(thread);
    try {
      await thread.ready;
    } catch (error) {
      await thread.ended;
      this.#alive.delete(thread);
      throw error;
    }
    if (this.#state === 'open') this.#adopt(thread);
  }

  /** Takes in a warm thread and watches over it. */
  #adopt(thread: InferenceThread): void {
    this.#alive.add(thread);
    this.#idle.push(thread);
    this.#warm += 1;
    void thread.ended.then((end) => this.#lose(thread, end));
    this.#dispatch();
  }

  #lose(thread: InferenceThread, end: Error): void {
    this.#alive.delete(thread);
    this.#warm -= 1;
    const at = this.#idle.indexOf(thread);
    if (at >= 0) this.#idle.splice(at, 1);
    if (this.#state !== 'open') return;
    this.#options.onThread?.({ type: 'lost', reason: end.message });
    void this.#replace(0);
  }

  async #replace(failedStarts: number): Promise<void> {
    try {
      await this.#start();
      this.#restarts += 1;
      this.#options.onThread?.({ type: 'replaced' });
    } catch (error) {
      if (this.#state !== 'open') return;
      if (failedStarts + 1 < MAX_FAILED_STARTS) this.#replaceLater(failedStarts + 1);
      else if (this.#warm === 0) await this.#giveUp(error);
    }
  }

  #replaceLater(failedStarts: number): void {
    const delayMs = FIRST_WAIT_MS * 2 ** (failedStarts - 1) * (1 + Math.random() / 4);
    const cancel = (): void => clearTimeout(timer);
    const timer = setTimeout(() => {
      this.#cancelRestarts.delete(cancel);
      void this.#replace(failedStarts);
    }, delayMs);
    this.#cancelRestarts.add(cancel);
  }

  async #giveUp(cause: unknown): Promise<void> {
    const reason = `no inference thread can be started: ${reasonOf(cause)}`;
    const error = new ModelError('model-failed', reason, { cause });
    this.#options.onThread?.({ type: 'given-up', reason });
    await this.#shutDown({ aborted: error }, error);
  }

  async #shutDown(state: 'closed' | { aborted: Error }, error: Error): Promise<void> {
    if (this.#state === 'open') this.#state = state;
    for (const cancel of this.#cancelRestarts) cancel();
    for (const job of [...this.#running, ...this.#waiting.clear()]) job.reject(error);
    this.#running.clear();
    await Promise.all([...this.#alive].map((thread) => thread.close()));
  }
}

const buffersOf = (item: EncodeItem): ArrayBuffer[] =>
  arraysOf(item).map(({ buffer }) => buffer as ArrayBuffer);

function arraysOf(item: EncodeItem): (Uint8Array | Float32Array)[] {
  if (item.kind === 'keyframe') return [item.pixels];
  const { motion, mask, luma, previous } = item;
  return [motion, mask, ...(luma ? [luma] : []), ...(previous ? [previous.motion, previous.mask] : [])];
}
