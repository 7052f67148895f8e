import type { Worker } from 'node:worker_threads';
import { ConfigError, ModelError } from '../errors.ts';
import type { EncodeItem } from './encoder-engine.ts';
import type { FromWorker, ToWorker, WorkerReady } from './inference-messages.ts';

interface Deferred<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

/** What a run gave. */
export interface ThreadResult {
  readonly ids: readonly Uint32Array[];
  /** Time of the run inside the thread, milliseconds. */
  readonly busyMs: number;
}

/** One inference thread seen from outside: takes one run at a time, and ends once. */
export class InferenceThread {
  /** Resolves when the thread is warm; rejects with a `ConfigError` or `ModelError` where it cannot be. */
  readonly ready: Promise<WorkerReady>;
  /** Resolves when the thread has ended, to why. */
  readonly ended: Promise<ModelError>;
  readonly #worker: Worker;
  #starting: Deferred<WorkerReady> | undefined;
  #running: Deferred<ThreadResult> | undefined;
  #end: ModelError | undefined;

  /** Takes ownership of the worker, which `serveInference` runs in. */
  constructor(worker: Worker) {
    this.#worker = worker;
    this.ready = new Promise((resolve, reject) => {
      this.#starting = { resolve, reject };
    });
    worker.on('message', (message: FromWorker) => this.#receive(message));
    let fault = '';
    worker.on('error', (error) => {
      fault = `: ${error.message}`;
    });
    this.ended = new Promise((resolve) => {
      worker.on('exit', (exitCode) => {
        const error = new ModelError(
          'model-failed',
          `an inference thread ended with code ${exitCode}${fault}`,
        );
        this.#end = error;
        this.#starting?.reject(error);
        this.#running?.reject(error);
        resolve(error);
      });
    });
  }

  /** Encodes items of one kind. Takes ownership of their buffers. Rejects with a `ModelError`. */
  run(items: readonly EncodeItem[]): Promise<ThreadResult> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) {
        reject(this.#end);
        return;
      }

      this.#running = { resolve, reject };
      this.#send({ type: 'run', items }, items.flatMap(buffersOf));
    });
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Ends the thread after its run; the same promise as `ended`. */
  close(): Promise<ModelError> {
    if (this.#end === undefined) this.#send({ type: 'close' }, []);
    return this.ended;
  }

  #send(message: ToWorker, transfer: ArrayBuffer[]): void {
    this.#worker.postMessage(message, transfer);
  }

  #receive(message: FromWorker): void {
    const running = this.#running;
    switch (message.type) {
      case 'ready':
        this.#starting?.resolve(message.ready);
        this.#starting = undefined;
        return;
      case 'refused':
        this.#starting?.reject(
          message.code === 'model-failed'
            ? new ModelError(message.code, message.detail)
            : new ConfigError(message.code, message.detail),
        );
        this.#starting = undefined;
        return;
      case 'done':
        this.#running = undefined;
        running?.resolve(message);
        return;
      case 'failed':
        this.#running = undefined;
        running?.reject(new ModelError('model-failed', message.detail));
        return;
    }
  }
}

const buffersOf = (item: EncodeItem): ArrayBuffer[] =>
  (item.kind === 'keyframe' ? [item.pixels] : [item.motion, item.mask]).map(
    (array) => array.buffer as ArrayBuffer,
  );
