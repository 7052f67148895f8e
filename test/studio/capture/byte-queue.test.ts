import { expect, test } from 'vitest';
import { ByteQueue } from '../../../server/studio/capture/byte-queue.ts';

const piece = (value: number, isKeyframe = false, size = 1) => ({
  bytes: new Uint8Array(size).fill(value),
  isKeyframe,
});

async function drain(queue: ByteQueue): Promise<number[]> {
  const values: number[] = [];
  for await (const bytes of queue) values.push(bytes[0] ?? -1);
  return values;
}

test('gives pieces in order and ends after the last', async () => {
  const queue = new ByteQueue({ capacityBytes: 10 });
  for (const value of [1, 2, 3]) queue.push(piece(value));
  queue.end();
  expect(await drain(queue)).toEqual([1, 2, 3]);
});

test('a reader that waits gets what comes later', async () => {
  const queue = new ByteQueue({ capacityBytes: 10 });
  const values = drain(queue);
  await Promise.resolve();
  queue.push(piece(7));
  queue.end();
  expect(await values).toEqual([7]);
});

test('without room it drops up to the next keyframe and counts', async () => {
  const queue = new ByteQueue({ capacityBytes: 4 });
  queue.push(piece(1, true, 3));
  queue.push(piece(2, false, 3));
  expect(queue.needsKeyframe).toBe(true);
  queue.push(piece(3, false, 1));
  queue.push(piece(4, true, 1));
  expect(queue.needsKeyframe).toBe(false);
  queue.end();
  expect(await drain(queue)).toEqual([1, 4]);
  expect(queue.dropped).toBe(2);
});

test('a fault reaches the reader', async () => {
  const queue = new ByteQueue({ capacityBytes: 4 });
  const values = drain(queue);
  queue.fail(new Error('encoder broke'));
  await expect(values).rejects.toThrow('encoder broke');
});

test('a reader that leaves closes the queue', async () => {
  const queue = new ByteQueue({ capacityBytes: 4 });
  queue.push(piece(1));
  for await (const _ of queue) break;
  queue.push(piece(2));
  expect(await drain(queue)).toEqual([]);
});
