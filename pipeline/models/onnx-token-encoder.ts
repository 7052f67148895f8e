import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import type { Runtime } from '../../client-sdk/protocol/messages.ts';
import { assert } from '../errors.ts';
import type { ChunkFields } from '../types.ts';
import { atGrid, ladderOf, positionsIn } from './grid-ladder.ts';
import { InferencePool, type PoolStats, type ThreadEvent } from './inference-pool.ts';
import type { PackGraphs } from './onnx-session.ts';
import { lumaLength } from './pack-manifest.ts';
import { describeProcessor } from './processor.ts';
import type { ProviderChoice, ProviderWish } from './provider-choice.ts';
import type { InferenceSetup } from './serve-inference.ts';
import { budgetOf } from './token-budget.ts';
import type { EncodeOptions, TokenEncoder } from './token-encoder.ts';
import { startWorker } from './worker-entry.ts';

export interface TokenEncoderOptions {
  /**
   * Worker threads, each with sessions of its own. Default on the CPU: one less than the processors, at least 1, so that
   * decoding and the event loop keep one; elsewhere 1. More use more memory and take processors from decoding.
   */
  readonly workers?: number | undefined;
  /** Threads inside one operator; part of what ids depend on. Default 1: more helped no graph measured on two cores. */
  readonly threads?: number | undefined;
  /** Default `auto`. */
  readonly provider?: ProviderWish | undefined;
  /** Items of a batch. Default 1 on the CPU, 8 elsewhere; 1 where warm-up finds that neighbours change ids. */
  readonly batchSize?: number | undefined;
  /**
   * Ids that a keyframe gets: in the mean, for a pack of dynamic length; at most, for one with a ladder of grids. The
   * pack's default if absent.
   */
  readonly keyframeTokens?: number | undefined;
  /** How long an item waits for company where batches hold more than one, milliseconds. Default 4. */
  readonly batchWaitMs?: number | undefined;
  /** Items that may wait before one is refused with an `OverloadedError`. Default 256. */
  readonly maxWaiting?: number | undefined;
  /** Told of threads that were lost and replaced; for the log. */
  readonly onThread?: ((event: ThreadEvent) => void) | undefined;
  /** Starts an inference thread; tests start one that misbehaves. */
  readonly startThread?: ((setup: InferenceSetup) => Worker) | undefined;
}

/** A token encoder on onnxruntime-node, with what the log and the `start` message tell of it. */
export interface OnnxTokenEncoder extends TokenEncoder, AsyncDisposable {
  readonly runtime: Runtime;
  readonly provider: ProviderChoice;
  /** Items of a run, and why that many. */
  readonly batch: { readonly size: number; readonly reason: string };
  readonly stats: PoolStats;
  /** Rejects what waits or runs with a `DisposedError`; resolves when every thread has ended. */
  close(): Promise<void>;
}

/**
 * Opens a pack's encoders in worker threads and warms them up. Rejects with a `ConfigError` where the pack, the provider
 * or the number of ids is not to be had. Keyframes and chunks are borrowed until the call returns.
 */
export async function createTokenEncoder(
  pack: PackGraphs,
  options: TokenEncoderOptions = {},
): Promise<OnnxTokenEncoder> {
  const threads = options.threads ?? 1;
  const { manifest, graphs } = atGrid(pack, options.keyframeTokens);
  const { visual, motion } = manifest;
  const budget = budgetOf(manifest, options.keyframeTokens);
  const pool = await InferencePool.create({
    setup: {
      pack: { manifest, graphs },
      provider: options.provider ?? 'auto',
      threads,
      batchSize: options.batchSize,
      budget,
    },
    workersOn: (provider) =>
      options.workers ?? (provider === 'cpu' ? Math.max(1, availableParallelism() - 1) : 1),
    batchWaitMs: options.batchWaitMs ?? 4,
    maxWaiting: options.maxWaiting ?? 256,
    onThread: options.onThread,
    startThread: options.startThread ?? startInferenceThread,
  });
  const pixelBytes = visual.width * visual.height * 3;
  const cells = motion.fieldsPerChunk * motion.rows * motion.columns;
  const lumaBytes = lumaLength(motion);
  const copyFields = (chunk: ChunkFields): ChunkFields => {
    assert(chunk.mask.length === cells, `a chunk's mask must hold ${cells} cells, got ${chunk.mask.length}`);
    assert(
      chunk.motion.length === 2 * cells,
      `a chunk must hold ${2 * cells} values, got ${chunk.motion.length}`,
    );
    return { motion: new Float32Array(chunk.motion), mask: new Uint8Array(chunk.mask) };
  };
  return {
    runtime: { onnxruntime: pool.ready.onnxruntime, threads, processor: describeProcessor() },
    provider: pool.ready.provider,
    keyframeTokens: ladderOf(visual) ? positionsIn(visual) : budget?.tokens,
    batch: pool.ready.batch,
    get stats() {
      return pool.stats;
    },
    get pending() {
      const { waiting, running } = pool.stats;
      return waiting + running;
    },
    // The copy is what moves to the thread: the one copy on the way there.
    encodeKeyframe: async ({ pixels }, { isLive, signal }) => {
      assert(pixels.length === pixelBytes, `a keyframe must hold ${pixelBytes} bytes, got ${pixels.length}`);
      const item = { kind: 'keyframe', pixels: new Uint8Array(pixels) } as const;
      return await pool.encode({ item, priority: priorityOf(isLive), signal });
    },
    encodeMotion: async (chunk, { isLive, signal }) => {
      const looks = lumaBytes > 0 ? chunk.luma : undefined;
      assert(
        (looks?.length ?? 0) === lumaBytes,
        `a chunk's looks must hold ${lumaBytes} bytes, got ${looks?.length ?? 0}`,
      );
      const item = {
        kind: 'motion',
        ...copyFields(chunk),
        luma: looks && new Uint8Array(looks),
        previous: motion.context && chunk.previous ? copyFields(chunk.previous) : undefined,
      } as const;
      const { ids } = await pool.encode({ item, priority: priorityOf(isLive), signal });
      return ids;
    },
    close: () => pool.close(),
    [Symbol.asyncDispose]: () => pool.close(),
  };
}

/** Starts the thread that ships. */
export const startInferenceThread = (setup: InferenceSetup): Worker =>
  startWorker('inference-worker', import.meta.url, { workerData: setup });

// In order of arrival within a delivery: messages leave in media order, so that a keyframe which overtakes its
// predecessors' motion would only wait for it.
const priorityOf = (isLive: EncodeOptions['isLive']): number => (isLive ? 0 : 1);
