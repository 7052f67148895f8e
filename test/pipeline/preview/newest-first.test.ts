import { expect, it } from 'vitest';
import { NewestFirst } from '../../../pipeline/preview/newest-first.ts';

/** Work that ends when the test says so. */
function setUp() {
  const started: number[] = [];
  const finish: ((fault?: Error) => void)[] = [];
  const heard = { drops: 0, faults: [] as unknown[] };
  const work = (item: number): Promise<void> =>
    new Promise((resolve, reject) => {
      started.push(item);
      finish.push((fault) => (fault ? reject(fault) : resolve()));
    });
  const queue = new NewestFirst(work, {
    drop: () => {
      heard.drops += 1;
    },
    fault: (fault) => heard.faults.push(fault),
  });
  return { queue, started, finish, heard };
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('works on one item at a time and keeps only the newest of those that come meanwhile', async () => {
  const { queue, started, finish, heard } = setUp();
  for (const item of [1, 2, 3, 4]) queue.offer(item);
  expect(started).toEqual([1]);
  finish[0]!();
  await settled();
  expect(started).toEqual([1, 4]);
  expect(heard.drops).toBe(2);
  finish[1]!();
  await settled();
  queue.offer(5);
  expect(started).toEqual([1, 4, 5]);
});

it('goes on after a fault', async () => {
  const { queue, started, finish, heard } = setUp();
  queue.offer(1);
  queue.offer(2);
  finish[0]!(new Error('broken'));
  await settled();
  expect(started).toEqual([1, 2]);
  expect(heard.faults).toEqual([new Error('broken')]);
});

it('closes when its work has ended, and takes nothing more', async () => {
  const { queue, started, finish } = setUp();
  queue.offer(1);
  queue.offer(2);
  let isClosed = false;
  const closing = queue.close().then(() => {
    isClosed = true;
  });
  queue.offer(3);
  await settled();
  expect(isClosed).toBe(false);
  finish[0]!();
  await closing;
  expect(started).toEqual([1]);
});
