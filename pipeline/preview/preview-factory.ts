import type { Worker } from 'node:worker_threads';
import type { JournalMessage } from '../../client-sdk/protocol/messages.ts';
import { openNodeAvVideoEncoder } from '../codec/node-av-video-encoder.ts';
import type { OpenVideoEncoder } from '../codec/video-encoder.ts';
import { DisposedError, reasonOf } from '../errors.ts';
import type { PackGraphs } from '../models/onnx-session.ts';
import { startWorker } from '../models/worker-entry.ts';
import { WorkerThread } from '../models/worker-thread.ts';
import type { Preview, PreviewFactory, ShownPicture } from './preview.ts';
import type { PreviewSetup, PreviewTask, PreviewThread } from './serve-preview.ts';
import { type PreviewCoding, type PreviewPace, StreamPreview } from './stream-preview.ts';

export interface PreviewFactoryOptions {
  /** Threads inside one operator. Default 1: the preview must not take processors from tokens. */
  readonly threads?: number | undefined;
  /** Execution provider of onnxruntime. Default `cpu`. */
  readonly provider?: string | undefined;
  /** JPEG quality, 1 (best) to 31. Default 4. */
  readonly quantizer?: number | undefined;
  /** Clock and bounds; each has a default. */
  readonly pace?: Partial<PreviewPace> | undefined;
  /** Told of messages that could not be reconstructed, pictures that could not be coded, and threads that were lost and replaced; for the log. */
  readonly onFault?: ((fault: PreviewFault) => void) | undefined;
  /** Sees every picture when it is made, before it is paced and coded. */
  readonly onReconstructed?: ((stream: string, picture: ShownPicture) => void) | undefined;
  /** Opens the encoders of videos; libx264 and libvpx by default. */
  readonly openVideoEncoder?: OpenVideoEncoder | undefined;
  /** Starts the preview thread; tests start one that misbehaves. */
  readonly startThread?: ((setup: PreviewSetup) => Worker) | undefined;
}

export type PreviewFault =
  | { readonly type: 'message' | 'coding'; readonly stream: string; readonly reason: string }
  | { readonly type: 'thread-lost' | 'thread-refused'; readonly reason: string }
  | { readonly type: 'thread-replaced' };

interface Entry {
  readonly name: string;
  readonly preview: StreamPreview;
  /** A start message that the thread must hear before anything else. */
  isStartOwed: boolean;
}

const FIRST_WAIT_MS = 200;
const MAX_WAIT_MS = 10_000;

const schedule = (task: () => void, delayMs: number): (() => void) => {
  const timer = setTimeout(task, delayMs);
  return () => clearTimeout(timer);
};

/** Starts the preview thread that all previews share; resolves when it is warm. Rejects like `createTokenEncoder`. */
export async function createPreviewFactory(
  pack: PackGraphs,
  options: PreviewFactoryOptions = {},
): Promise<PreviewFactory> {
  const setup: PreviewSetup = {
    pack: { manifest: pack.manifest, graphs: pack.graphs },
    threads: options.threads ?? 1,
    provider: options.provider ?? 'cpu',
  };
  const { width: widthPx, height: heightPx } = pack.manifest.visual;
  const { fieldsPerChunk, fieldsPerSecond } = pack.manifest.motion;
  const chunkMs = (1000 * fieldsPerChunk) / fieldsPerSecond;
  const pace: PreviewPace = {
    now: () => performance.now(),
    schedule,
    // A viewer who comes late brings the whole clip at once.
    maxWaiting: 4 + Math.ceil(pack.manifest.clip.maxDurationMs / chunkMs),
    maxAgeMs: 3 * chunkMs,
    // A keyframe waits for nothing, its first chunk for a chunk's duration: half as much again is room for jitter.
    maxDelayMs: 1.5 * chunkMs,
    maxHeld: 3 * fieldsPerChunk,
    ...options.pace,
  };
  const coding: PreviewCoding = {
    source: { widthPx, heightPx },
    quantizer: options.quantizer ?? 4,
    framesPerSecond: fieldsPerSecond,
    openEncoder: options.openVideoEncoder ?? openNodeAvVideoEncoder,
  };
  const startThread = options.startThread ?? startPreviewThread;
  const factory = new ThreadedPreviews({ setup, pace, coding, startThread, options });
  await factory.begin();
  return factory;
}

const startPreviewThread = (setup: PreviewSetup): Worker =>
  startWorker('preview-worker', import.meta.url, { workerData: setup });

interface FactoryParts {
  readonly setup: PreviewSetup;
  readonly pace: PreviewPace;
  readonly coding: PreviewCoding;
  readonly startThread: (setup: PreviewSetup) => Worker;
  readonly options: PreviewFactoryOptions;
}

/** One thread that serves streams in turn, one message each. */
class ThreadedPreviews implements PreviewFactory {
  readonly #parts: FactoryParts;
  readonly #entries = new Map<number, Entry>();
  /** Streams that the thread has yet to forget. */
  readonly #forgotten: number[] = [];
  #thread: PreviewThread | undefined;
  #starting: PreviewThread | undefined;

  #isBusy = false;
  #nextStream = 0;
  /** The stream that was served last. */
  #served = -1;
  #failedStarts = 0;
  #cancelRestart: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: FactoryParts) {
    this.#parts = parts;
  }

  open(stream: string): Preview {
    if (this.#closing !== undefined) throw new DisposedError('the preview factory');
    const key = this.#nextStream++;
    const { pace, coding } = this.#parts;
    const preview = new StreamPreview(pace, coding, {
      work: () => void this.#serve(),
      fault: (fault) => this.#report({ type: 'coding', stream, reason: reasonOf(fault) }),
      close: async () => {
        this.#entries.delete(key);
        this.#forgotten.push(key);
        await this.#serve();
      },
    });
    this.#entries.set(key, { name: stream, preview, isStartOwed: false });
    return preview;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Starts a thread and waits until it is warm. */
  async begin(): Promise<void> {
    const thread: PreviewThread = new WorkerThread(this.#parts.startThread(this.#parts.setup));
    this.#starting = thread;
    try {
      await thread.ready;
    } catch (error) {
      await thread.ended;
      throw error;
    } finally {
      this.#starting = undefined;
    }
    this.#thread = thread;
    void thread.ended.then((end) => this.#lose(end));
    void this.#serve();
  }

  /** Serves one task after another; between finding none and ending nothing is awaited, so that no push goes unseen. */
  async #serve(): Promise<void> {
    const thread = this.#thread;
    if (this.#isBusy || thread === undefined) return;
    this.#isBusy = true;
    for (let job = this.#nextJob(thread); job !== undefined; job = this.#nextJob(thread)) await job();
    this.#isBusy = false;
  }

  /** What the thread is to do next: forget a stream, or else one message of the stream that comes next in turn. */
  #nextJob(thread: PreviewThread): (() => Promise<void>) | undefined {
    if (thread.hasEnded) return undefined;
    const forgotten = this.#forgotten.shift();
    if (forgotten !== undefined) return () => this.#forget(thread, forgotten);
    const keys = [...this.#entries.keys()];
    const after = keys.findIndex((key) => key > this.#served);
    const inTurn = after < 0 ? keys : [...keys.slice(after), ...keys.slice(0, after)];
    for (const stream of inTurn) {
      const entry = this.#entries.get(stream);
      const message = entry?.preview.take();
      if (entry === undefined || message === undefined) continue;
      this.#served = stream;
      return () => this.#serveMessage(thread, entry, { type: 'message', stream, message });
    }
    return undefined;
  }

  async #forget(thread: PreviewThread, stream: number): Promise<void> {
    // A thread that ends under this call has forgotten everything.
    await thread.run({ type: 'forget', stream }).catch(() => undefined);
  }

  async #serveMessage(
    thread: PreviewThread,
    entry: Entry,
    task: PreviewTask & { type: 'message' },
  ): Promise<void> {
    const { preview } = entry;
    try {
      if (entry.isStartOwed) await this.#repeatStart(thread, entry, task.stream);
      const pictures = await thread.run(task);
      const tap = this.#parts.options.onReconstructed;
      if (tap !== undefined) for (const picture of pictures) tap(entry.name, picture);
      preview.give(pictures);
    } catch (error) {
      preview.lose(task.message);
      if (thread.hasEnded) return;
      this.#report({ type: 'message', stream: entry.name, reason: reasonOf(error) });
    }
  }

  async #repeatStart(thread: PreviewThread, entry: Entry, stream: number): Promise<void> {
    entry.isStartOwed = false;
    const message: JournalMessage | undefined = entry.preview.start;
    if (message !== undefined) await thread.run({ type: 'message', stream, message });
  }

  #lose(end: Error): void {
    this.#thread = undefined;
    if (this.#closing !== undefined) return;
    this.#report({ type: 'thread-lost', reason: end.message });
    for (const entry of this.#entries.values()) {
      entry.isStartOwed = true;
      entry.preview.lose(undefined);
    }
    void this.#restart();
  }

  async #restart(): Promise<void> {
    try {
      await this.begin();
      this.#failedStarts = 0;
      this.#report({ type: 'thread-replaced' });
    } catch (error) {
      if (this.#closing !== undefined) return;
      this.#report({ type: 'thread-refused', reason: reasonOf(error) });
      const waitMs = FIRST_WAIT_MS * 2 ** this.#failedStarts * (1 + Math.random() / 4);
      this.#failedStarts += 1;
      this.#cancelRestart = schedule(() => void this.#restart(), Math.min(MAX_WAIT_MS, waitMs));
    }
  }

  #report(fault: PreviewFault): void {
    this.#parts.options.onFault?.(fault);
  }

  async #close(): Promise<void> {
    this.#cancelRestart?.();
    await Promise.all([...this.#entries.values()].map(({ preview }) => preview[Symbol.asyncDispose]()));
    await (this.#starting ?? this.#thread)?.close();
  }
}
