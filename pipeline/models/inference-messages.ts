import type { EncodeItem } from './encoder-engine.ts';
import type { PackGraphs } from './onnx-session.ts';
import type { ProviderChoice, ProviderWish } from './provider-choice.ts';

/** What an inference thread is started with, as its `workerData`. */
export interface WorkerSetup {
  readonly pack: PackGraphs;
  /** A wish is turned into a choice by the thread; later threads are given the choice. */
  readonly provider: ProviderWish | ProviderChoice;
  readonly threads: number;
  /** Items of a batch; undefined lets the thread take the default of its provider. */
  readonly batchSize: number | undefined;
}

/** What a thread tells once it is warm. */
export interface WorkerReady {
  readonly provider: ProviderChoice;
  readonly batch: { readonly size: number; readonly reason: string };
  readonly onnxruntime: string;
}

/** To an inference thread: one run at a time; `close` is obeyed after the run. */
export type ToWorker =
  | { readonly type: 'run'; readonly items: readonly EncodeItem[] }
  | { readonly type: 'close' };

/** From an inference thread: `ready` or `refused` once, then one answer to each run. */
export type FromWorker =
  | { readonly type: 'ready'; readonly ready: WorkerReady }
  | {
      readonly type: 'refused';
      readonly code: 'bad-pack' | 'bad-config' | 'model-failed';
      readonly detail: string;
    }
  | { readonly type: 'done'; readonly ids: readonly Uint32Array[]; readonly busyMs: number }
  | { readonly type: 'failed'; readonly detail: string };
