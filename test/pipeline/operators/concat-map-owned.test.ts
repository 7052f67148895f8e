import { concat, map, NEVER, type Observable, of, Subject, throwError, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { concatMapOwned } from '../../../pipeline/operators/concat-map-owned.ts';
import { CountedItem, expectNothingAlive } from './counted-item.ts';

expectNothingAlive();

const marbles = (body: Parameters<TestScheduler['run']>[0]): void => {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(body);
};

/** Makes an owned item of every letter. */
const owned = (source: Observable<string>): Observable<CountedItem> =>
  source.pipe(map((name) => new CountedItem(name)));

/** Handles an item in `duration` frames, then disposes of it and gives its name. */
const handle =
  (duration: number) =>
  (item: CountedItem): Observable<string> =>
    timer(duration).pipe(
      map(() => {
        using done = item;
        return done.name;
      }),
    );

describe('concatMapOwned', () => {
  it('handles one item at a time, in order', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('abc----|');
      expectObservable(owned(source).pipe(concatMapOwned(handle(2)))).toBe('--a-b-c|');
      expectSubscriptions(source.subscriptions).toBe('^------!');
    });
  });

  it('completes at once on an empty source and never on one that never does', () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(owned(cold('--|')).pipe(concatMapOwned(handle(1)))).toBe('--|');
      expectObservable(owned(cold('---')).pipe(concatMapOwned(handle(1)))).toBe('---');
    });
  });

  it('disposes of what waits when the source fails', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('abc#');
      // The item in hand is its projection's own: one that is cut off must release it.
      const project = (item: CountedItem): Observable<string> => {
        item[Symbol.dispose]();
        return NEVER;
      };
      expectObservable(owned(source).pipe(concatMapOwned(project))).toBe('---#');
    });
  });

  it('disposes of what waits when a projection fails or throws', () => {
    marbles(({ hot, expectObservable }) => {
      const failing = (item: CountedItem): Observable<string> => {
        item[Symbol.dispose]();
        return item.name === 'b' ? throwError(() => 'error') : of(item.name);
      };
      expectObservable(owned(hot('a-(bcd)')).pipe(concatMapOwned(failing))).toBe('a-#');
      const throwing = (item: CountedItem): Observable<string> => {
        item[Symbol.dispose]();
        throw 'error';
      };
      expectObservable(owned(hot('a')).pipe(concatMapOwned(throwing))).toBe('#');
    });
  });

  it('stops on an early unsubscription, and disposes of what waits', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('abcdef---|');
      const project = (item: CountedItem): Observable<string> => {
        item[Symbol.dispose]();
        return timer(4).pipe(map(() => item.name));
      };
      expectObservable(owned(source).pipe(concatMapOwned(project)), '^----!').toBe('----a');
      expectSubscriptions(source.subscriptions).toBe('^----!');
    });
  });

  it('flushes after the last item, and closes after the flush', () => {
    marbles(({ hot, expectObservable, flush }) => {
      const order: string[] = [];
      const result = owned(hot('ab|')).pipe(
        concatMapOwned(handle(2), {
          flush: () => {
            order.push('flush');
            return of('z');
          },
          close: () => order.push('close'),
        }),
      );
      expectObservable(result).toBe('--a-(bz|)');
      flush();
      expect(order).toEqual(['flush', 'close']);
    });
  });

  it('lets an asynchronous generator run out after the end, disposes of its late results, and closes after it', async () => {
    const source = new Subject<string>();
    const gate = new Subject<void>();
    let closed: () => void;
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const results: CountedItem[] = [];
    const subscription = source
      .pipe(
        concatMapOwned(
          async function* (name: string) {
            yield new CountedItem(`${name}1`);
            await new Promise<void>((resolve) => gate.subscribe(() => resolve()));
            yield new CountedItem(`${name}2`);
          },
          { close: () => closed() },
        ),
      )
      .subscribe((item) => results.push(item));
    source.next('a');
    await new Promise((resolve) => setImmediate(resolve));
    expect(results.map((item) => item.name)).toEqual(['a1']);
    subscription.unsubscribe();
    gate.next();
    await isClosed;
    for (const item of results) item[Symbol.dispose]();
  });

  it('disposes of pictures inside events', () => {
    const source = new Subject<{ type: 'picture'; picture: CountedItem }>();
    const subscription = source.pipe(concatMapOwned(() => NEVER)).subscribe();
    const first = new CountedItem('first');
    source.next({ type: 'picture', picture: first });
    source.next({ type: 'picture', picture: new CountedItem('waiting') });
    subscription.unsubscribe();
    expect(CountedItem.live).toBe(1);
    first[Symbol.dispose]();
  });

  it('passes on values that come at the very end', () => {
    const seen: string[] = [];
    concat(of('a'), of('b'))
      .pipe(concatMapOwned((name) => of(name)))
      .subscribe((name) => seen.push(name));
    expect(seen).toEqual(['a', 'b']);
  });
});
