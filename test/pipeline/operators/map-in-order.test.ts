import { map, type Observable, throwError, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { mapInOrder } from '../../../pipeline/operators/map-in-order.ts';

const marbles = (body: Parameters<TestScheduler['run']>[0]): void => {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(body);
};

/** Takes as many frames as the digit says. */
const work = (digit: string): Observable<string> => timer(Number(digit)).pipe(map(() => digit));

describe('mapInOrder', () => {
  it('starts every item at once and keeps their order', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('41-------2---|');
      expectObservable(source.pipe(mapInOrder(work))).toBe('----(41)---2-|');
      expectSubscriptions(source.subscriptions).toBe('^------------!');
    });
  });

  it('is empty, endless or failed as its source is', () => {
    marbles(({ cold, expectObservable }) => {
      expectObservable(cold<string>('--|').pipe(mapInOrder(work))).toBe('--|');
      expectObservable(cold<string>('---').pipe(mapInOrder(work))).toBe('---');
      expectObservable(cold<string>('1-#').pipe(mapInOrder(work))).toBe('-1#');
    });
  });

  it('fails in the failing item’s turn', () => {
    marbles(({ hot, expectObservable }) => {
      const failing = (digit: string): Observable<string> =>
        digit === '0' ? throwError(() => 'error') : work(digit);
      expectObservable(hot('30|').pipe(mapInOrder(failing))).toBe('---(3#)');
    });
  });

  it('turns a projection that throws into an error', () => {
    marbles(({ hot, expectObservable }) => {
      const throwing = (): Observable<string> => {
        throw 'error';
      };
      expectObservable(hot('-a').pipe(mapInOrder(throwing))).toBe('-#');
    });
  });

  it('emits nothing after an early unsubscription', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('22---');
      expectObservable(source.pipe(mapInOrder(work)), '^-!').toBe('---');
      expectSubscriptions(source.subscriptions).toBe('^-!');
    });
  });
});
