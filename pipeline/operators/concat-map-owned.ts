import {
  from,
  isObservable,
  Observable,
  type ObservableInput,
  type OperatorFunction,
  type Subscriber,
} from 'rxjs';
import { disposeOf } from './dispose-of.ts';

export interface ConcatMapOwnedOptions<R> {
  /** Gives what is left once the source has completed and every item has been handled. */
  readonly flush?: (() => ObservableInput<R>) | undefined;
  /** Runs once, after the last projection has stopped, however the stream ended. */
  readonly close?: (() => void) | undefined;
}

/**
 * `concatMap` for items that own native resources: handles one item at a time, in order. An item that is never
 * handed to `project` is disposed of, and so is a result that nobody can receive any more; the projection owns the
 * item that it was given. A projection that is an Observable is unsubscribed with the stream; a promise or an
 * asynchronous generator is let run to its end, because what it holds must be released. The queue is bounded by
 * whoever feeds it.
 */
export function concatMapOwned<T, R>(
  project: (item: T) => ObservableInput<R>,
  options: ConcatMapOwnedOptions<R> = {},
): OperatorFunction<T, R> {
  return (source) =>
    new Observable<R>((subscriber) => {
      // Items that wait for their turn.
      const waiting: T[] = [];
      // Whether a projection runs; at most one does.
      let isBusy = false;
      // Whether the source has completed.
      let isSourceComplete = false;
      // Whether the flush has been started; it is the last projection.
      let isFlushing = false;

      const start = (work: () => ObservableInput<R>): void => {
        isBusy = true;
        deliver(work, subscriber, { complete: settle, error: (error) => fail(error) });
      };
      const settle = (): void => {
        isBusy = false;
        if (subscriber.closed) options.close?.();
        else if (isFlushing) subscriber.complete();
        else runNext();
      };
      const fail = (error: unknown): void => {
        isBusy = false;
        if (subscriber.closed) options.close?.();
        else subscriber.error(error);
      };
      const runNext = (): void => {
        if (isBusy || subscriber.closed) return;
        if (waiting.length > 0) {
          const item = waiting.shift() as T;
          start(() => project(item));
        } else if (isSourceComplete) {
          isFlushing = true;
          start(options.flush ?? (() => []));
        }
      };

      subscriber.add(() => {
        for (const item of waiting.splice(0)) disposeOf(item);
        if (!isBusy) options.close?.();
      });
      subscriber.add(
        source.subscribe({
          next: (item) => {
            if (subscriber.closed) return disposeOf(item);
            waiting.push(item);
            runNext();
          },
          error: (error: unknown) => subscriber.error(error),
          complete: () => {
            isSourceComplete = true;
            runNext();
          },
        }),
      );
    });
}

interface Outcome {
  complete: () => void;
  error: (error: unknown) => void;
}

/** Passes the results of one projection on; settles exactly once, also when the subscriber goes first. */
function deliver<R>(work: () => ObservableInput<R>, subscriber: Subscriber<R>, outcome: Outcome): void {
  let isSettled = false;
  const once = (settle: () => void): void => {
    if (isSettled) return;
    isSettled = true;
    settle();
  };
  let input: ObservableInput<R>;
  try {
    input = work();
  } catch (error) {
    outcome.error(error);
    return;
  }
  const inner = from(input).subscribe({
    next: (result) => (subscriber.closed ? disposeOf(result) : subscriber.next(result)),
    error: (error: unknown) => once(() => outcome.error(error)),
    complete: () => once(outcome.complete),
  });
  if (!isObservable(input) || inner.closed) return;
  subscriber.add(() => {
    inner.unsubscribe();
    once(outcome.complete);
  });
}
