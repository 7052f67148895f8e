import { reasonOf } from './errors.ts';

/**
 * Collects releases that take time, because the teardown of an Observable cannot wait. The owner closes it once;
 * releases run in reverse order of their registration, each after the one before it has settled.
 */
export class Scope {
  readonly #releases: (() => unknown)[] = [];
  #closing: Promise<void> | undefined;

  /** Registers a release; runs it at once if the scope is already closed. */
  defer(release: () => unknown): void {
    if (this.#closing) this.#closing = this.#closing.then(async () => void (await release()));
    else this.#releases.push(release);
  }

  /** Makes `close` wait for work that is already ending by itself. */
  track(work: Promise<unknown>): void {
    this.defer(() => work);
  }

  /** Runs all releases. Idempotent; rejects with an `AggregateError` after the last one if any failed. */
  close(): Promise<void> {
    this.#closing ??= this.#run();
    return this.#closing;
  }

  async #run(): Promise<void> {
    const faults: unknown[] = [];
    for (let release = this.#releases.pop(); release; release = this.#releases.pop()) {
      try {
        await release();
      } catch (fault) {
        faults.push(fault);
      }
    }
    if (faults.length > 0)
      throw new AggregateError(faults, `releasing failed: ${faults.map(reasonOf).join('; ')}`);
  }
}
