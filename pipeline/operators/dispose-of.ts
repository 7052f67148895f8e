/** Disposes of what an item owns: the item itself if it is `Disposable`, else its `picture`. */
export function disposeOf(item: unknown): void {
  if (!isObject(item)) return;
  if (isDisposable(item)) item[Symbol.dispose]();
  else if ('picture' in item && isObject(item.picture) && isDisposable(item.picture))
    item.picture[Symbol.dispose]();
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const isDisposable = (value: object): value is Disposable => Symbol.dispose in value;
