import { concatAll, from, map, type ObservableInput, type OperatorFunction, shareReplay } from 'rxjs';

/**
 * Starts a projection for every item at once and emits the results in the order of the items. For items that own
 * nothing; how many run at a time is bounded by whoever feeds it.
 */
export function mapInOrder<T, R>(project: (item: T) => ObservableInput<R>): OperatorFunction<T, R> {
  return (source) =>
    source.pipe(
      map((item) => {
        const result$ = from(project(item)).pipe(shareReplay());
        result$.subscribe({ error: () => undefined });
        return result$;
      }),
      concatAll(),
    );
}
