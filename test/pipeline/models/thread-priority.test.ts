import { once } from 'node:events';
import { getPriority } from 'node:os';
import { expect, it } from 'vitest';
import { openWorker } from '../../../pipeline/models/worker-entry.ts';

// Only Linux gives threads priorities of their own (setpriority(2), NOTES); elsewhere a thread keeps that of its process.
const afterGivingWay = (niceness: number): number =>
  process.platform === 'linux' ? Math.min(19, getPriority(0) + niceness) : getPriority(0);

async function priorityOfThread(niceness: number): Promise<number> {
  const entry = new URL('../../support/yielding-worker.ts', import.meta.url);
  const worker = openWorker(entry, { workerData: niceness });
  const [priority] = (await once(worker, 'message')) as [number];
  await worker.terminate();
  return priority;
}

it('a thread gives way alone, the process keeps its priority', async () => {
  const before = getPriority(0);
  expect(await priorityOfThread(3)).toBe(afterGivingWay(3));
  expect(getPriority(0)).toBe(before);
});

it('a thread gives way no further than it can', async () => {
  expect(await priorityOfThread(40)).toBe(afterGivingWay(40));
});
