import { afterEach, expect } from 'vitest';

/** An item that owns something, counted so that a leak shows. */
export class CountedItem implements Disposable {
  static live = 0;
  readonly name: string;
  #isDisposed = false;

  constructor(name: string) {
    this.name = name;
    CountedItem.live += 1;
  }

  [Symbol.dispose](): void {
    if (this.#isDisposed) throw new Error(`${this.name} is disposed of twice`);
    this.#isDisposed = true;
    CountedItem.live -= 1;
  }
}

/** Fails a test after which an item is alive. */
export const expectNothingAlive = (): void => {
  afterEach(() => {
    const { live } = CountedItem;
    CountedItem.live = 0;
    expect(live, 'items alive after the test').toBe(0);
  });
};
