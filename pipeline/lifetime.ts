import { reasonOf } from './errors.ts';

/**
 * Collects releases that take time, because the teardown of an Observable cannot wait. The owner closes it once;
 * releases run in reverse order of their registration, each after the one before it has settled.
 */
export class Scope {
  readonly #releases: (() => unknown)[] = [];
  #closing: Promise<void> | undefined;

  /** Registers a release. One that comes while the scope is being closed still runs; afterwards it is too late. */
  defer(release: () => unknown): void {
    this.#releases.push(release);
  }

  /** Makes `close` wait for a release that begins by itself; the call that it gives takes the release once it has. */
  hold(): (release: Promise<unknown>) => void {
    let settle: (release: Promise<unknown>) => void = () => undefined;
    const released = new Promise<unknown>((resolve) => {
      settle = resolve;
    });
    this.defer(() => released);
    return settle;
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
