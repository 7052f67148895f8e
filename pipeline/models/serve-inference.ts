import type { MessagePort } from 'node:worker_threads';
import { env } from 'onnxruntime-node';
import { createEncoderEngine, type EncodeItem, type EncoderEngine } from './encoder-engine.ts';
import type { PackGraphs } from './onnx-session.ts';
import {
  chooseProvider,
  isProviderInstalled,
  type ProviderChoice,
  type ProviderWish,
} from './provider-choice.ts';
import { serveThread, type ThreadService } from './serve-thread.ts';
import type { TokenBudget } from './token-budget.ts';
import type { EncodedItem } from './token-encoder.ts';
import { findNeighbourEffect, timeEngine } from './warm-up.ts';
import type { WorkerThread } from './worker-thread.ts';

/** What an inference thread is started with, as its `workerData`. */
export interface InferenceSetup {
  readonly pack: PackGraphs;
  /** A wish is turned into a choice by the first thread; later ones are given the choice. */
  readonly provider: ProviderWish | ProviderChoice;
  readonly threads: number;
  /** Items of a batch; undefined lets the thread take the default of its provider. */
  readonly batchSize: number | undefined;
  /** Of keyframes, where the pack is of dynamic length. */
  readonly budget: TokenBudget | undefined;
}

/** What an inference thread tells once it is warm. */
export interface InferenceReady {
  readonly provider: ProviderChoice;
  readonly batch: { readonly size: number; readonly reason: string };
  /** Version. */
  readonly onnxruntime: string;
}

/** What a run gave. */
export interface InferenceResult {
  /** In the order of the items. */
  readonly encoded: readonly EncodedItem[];
  /** Time of the run inside the thread, milliseconds. */
  readonly busyMs: number;
}

/** An inference thread seen from outside: a task is 1 to a batch of items of one kind. */
export type InferenceThread = WorkerThread<InferenceReady, readonly EncodeItem[], InferenceResult>;

/** A GPU gains by company; on a CPU a batch gains nothing and changes last bits. */
const GPU_BATCH_SIZE = 8;
const TRIAL_ROUNDS = 5;

/** Chooses the provider, opens and warms the encoders, then encodes until told to close. */
export const serveInference = (port: MessagePort, setup: InferenceSetup): Promise<void> =>
  serveThread(
    port,
    async (): Promise<ThreadService<InferenceReady, readonly EncodeItem[], InferenceResult>> => {
      const { engine, ready } = await openEngine(setup);
      return {
        ready,
        run: async (items) => {
          const from = performance.now();
          const encoded = await engine.encode(items);
          const busyMs = performance.now() - from;
          return { result: { encoded, busyMs }, transfer: encoded.map(({ ids }) => ids.buffer) };
        },
        [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
      };
    },
  );

async function openEngine(setup: InferenceSetup): Promise<{ engine: EncoderEngine; ready: InferenceReady }> {
  const provider = await choose(setup);
  const wantedSize = setup.batchSize ?? (provider.name === 'cpu' ? 1 : GPU_BATCH_SIZE);
  const open = (batchSize: number): Promise<EncoderEngine> =>
    createEncoderEngine(setup.pack, { ...setup, provider: provider.name, batchSize });
  const { manifest } = setup.pack;
  let engine = await open(wantedSize);
  let reason =
    wantedSize === 1 ? `one item a run on ${provider.name}` : 'neighbours change no id in any slot';
  const effect = await findNeighbourEffect(engine, manifest);
  if (effect !== undefined) {
    await engine[Symbol.asyncDispose]();
    engine = await open(1);
    reason = `neighbours change ids (${effect})`;
  }
  await timeEngine(engine, manifest, { rounds: 0, now: () => performance.now() });
  const batch = { size: engine.batchSize, reason };
  return { engine, ready: { provider, batch, onnxruntime: env.versions.node ?? env.versions.common } };
}

async function choose(setup: InferenceSetup): Promise<ProviderChoice> {
  const { provider, pack, batchSize } = setup;
  if (typeof provider !== 'string') return provider;
  return await chooseProvider(provider, {
    isInstalled: isProviderInstalled,
    measure: async (name) => {
      const size = name === 'cpu' ? 1 : (batchSize ?? GPU_BATCH_SIZE);
      await using engine = await createEncoderEngine(pack, { ...setup, provider: name, batchSize: size });
      const times = await timeEngine(engine, pack.manifest, {
        rounds: TRIAL_ROUNDS,
        now: () => performance.now(),
      });
      return times.keyframe + times.motion;
    },
  });
}
