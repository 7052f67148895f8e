import type { Observable, Subscription as RxSubscription } from 'rxjs';
import type { ErrorCode } from '../../client-sdk/protocol/error-codes.ts';

/** Somebody who looks at a stream's reconstruction, in one form. */
export interface Viewer<T> {
  /** Wall clock, ms. */
  readonly openedMs: number;
  /** Takes the next picture or drops it; never waits. */
  show(picture: T): void;
  /** The server ends the viewing. */
  end(code: ErrorCode, detail: string): void;
}

/** The viewers of one form of a reconstruction, who share one subscription to its pictures. */
export class Audience<T> {
  readonly #viewers = new Set<Viewer<T>>();
  readonly #onFault: (fault: unknown) => void;
  #pictures$: Observable<T> | undefined;
  #feed: RxSubscription | undefined;
  /** The newest picture of the present subscription, or of the one before until there is another. */
  latest: T | undefined;

  constructor(onFault: (fault: unknown) => void) {
    this.#onFault = onFault;
  }

  get size(): number {
    return this.#viewers.size;
  }

  join(viewer: Viewer<T>): void {
    this.#viewers.add(viewer);
    this.#subscribe();
  }

  /** Whether the viewer was there. */
  leave(viewer: Viewer<T>): boolean {
    return this.#viewers.delete(viewer);
  }

  /** Takes the pictures of a reconstruction that has begun, or `undefined` at its end. */
  attach(pictures$: Observable<T> | undefined): void {
    this.#feed?.unsubscribe();
    this.#feed = undefined;
    this.#pictures$ = pictures$;
    if (this.#viewers.size > 0) this.#subscribe();
  }

  /** Asks for no more pictures where nobody looks. */
  rest(): void {
    if (this.#viewers.size > 0 || !this.#feed) return;
    this.#feed.unsubscribe();
    this.#feed = undefined;
    // Soon it will not be the newest any more.
    this.latest = undefined;
  }

  /** Sends away the viewers who came before a time, wall clock. */
  dismiss(code: ErrorCode, detail: string, openedBeforeMs: number): void {
    for (const viewer of this.#viewers) {
      if (viewer.openedMs < openedBeforeMs && this.#viewers.delete(viewer)) viewer.end(code, detail);
    }
  }

  #subscribe(): void {
    this.#feed ??= this.#pictures$?.subscribe({
      next: (picture) => {
        this.latest = picture;
        for (const viewer of this.#viewers) viewer.show(picture);
      },
      error: this.#onFault,
    });
  }
}
