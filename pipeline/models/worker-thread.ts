import type { Worker } from 'node:worker_threads';
import { ConfigError, ModelError } from '../errors.ts';
import type { FromThread, ToThread } from './thread-messages.ts';

interface Deferred<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

/** A worker thread that runs `serveThread`, seen from outside: takes one task at a time, and ends once. */
export class WorkerThread<Ready, Task, Result> {
  /** Resolves when the thread is warm; rejects with a `ConfigError` or `ModelError` where it cannot be. */
  readonly ready: Promise<Ready>;
  /** Resolves when the thread has ended, to why. */
  readonly ended: Promise<ModelError>;
  readonly #worker: Worker;
  #end: ModelError | undefined;
  #starting: Deferred<Ready> | undefined;
  #running: Deferred<Result> | undefined;

  /** Takes ownership of the worker. */
  constructor(worker: Worker) {
    this.#worker = worker;
    this.ready = new Promise((resolve, reject) => {
      this.#starting = { resolve, reject };
    });
    worker.on('message', (message: FromThread<Ready, Result>) => this.#receive(message));
    let fault = '';
    worker.on('error', (error) => {
      fault = `: ${error.message}`;
    });
    this.ended = new Promise((resolve) => {
      worker.on('exit', (exitCode) => {
        const end = new ModelError('model-failed', `a worker thread ended with code ${exitCode}${fault}`);
        this.#end = end;
        this.#starting?.reject(end);
        this.#running?.reject(end);
        resolve(end);
      });
    });
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Runs a task; calls do not overlap. Takes ownership of `transfer`. Rejects with a `ModelError`. */
  run(task: Task, transfer: readonly ArrayBuffer[] = []): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) {
        reject(this.#end);
        return;
      }
      this.#running = { resolve, reject };
      this.#send({ type: 'run', task }, transfer);
    });
  }

  /** Ends the thread after its task; the same promise as `ended`. */
  close(): Promise<ModelError> {
    if (this.#end === undefined) this.#send({ type: 'close' }, []);
    return this.ended;
  }

  #send(message: ToThread<Task>, transfer: readonly ArrayBuffer[]): void {
    this.#worker.postMessage(message, transfer);
  }

  #receive(message: FromThread<Ready, Result>): void {
    const starting = this.#starting;
    const running = this.#running;
    switch (message.type) {
      case 'ready':
        this.#starting = undefined;
        starting?.resolve(message.ready);
        return;
      case 'refused': {
        this.#starting = undefined;
        const { code, detail } = message;
        starting?.reject(
          code === 'model-failed' ? new ModelError(code, detail) : new ConfigError(code, detail),
        );
        return;
      }
      case 'done':
        this.#running = undefined;
        running?.resolve(message.result);
        return;
      case 'failed':
        this.#running = undefined;
        running?.reject(new ModelError('model-failed', message.detail));
        return;
    }
  }
}
