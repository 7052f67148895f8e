import { OverloadedError, type TokenizerError } from '../pipeline/errors.ts';
import type { Engine } from './sessions/engine.ts';

/** Whether the server can take publishers: it listens before its models are loaded and warm. */
export class Readiness {
  #engine: Engine | undefined;
  #fault: TokenizerError | undefined;

  /** The warm engine. Throws `not-ready` before that, or why it will never come. */
  get engine(): Engine {
    if (this.#engine) return this.#engine;
    throw this.#fault ?? new OverloadedError('the models are still warming up', 'not-ready');
  }

  get isReady(): boolean {
    return this.#engine !== undefined;
  }

  /** The warm-up has succeeded. */
  resolve(engine: Engine): void {
    this.#engine = engine;
  }

  /** The warm-up has failed. */
  reject(fault: TokenizerError): void {
    this.#fault = fault;
  }

  /** The server is closing. */
  withdraw(): void {
    this.#engine = undefined;
    this.#fault = new OverloadedError('the server is shutting down', 'shutting-down');
  }
}
