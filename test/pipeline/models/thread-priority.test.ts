import { once } from 'node:events';
import { getPriority } from 'node:os';
import { expect, it } from 'vitest';
import { openWorker } from '../../../pipeline/models/worker-entry.ts';

async function priorityOfThread(niceness: number): Promise<number> {
  const entry = new URL('../../support/yielding-worker.ts', import.meta.url);
  const worker = openWorker(entry, { workerData: niceness });
  const [priority] = (await once(worker, 'message')) as [number];
  await worker.terminate();
  return priority;
}

it.runIf(process.platform === 'linux')(
  'a thread gives way alone, the process keeps its priority',
  async () => {
    const before = getPriority(0);
    expect(await priorityOfThread(3)).toBe(Math.min(19, before + 3));
    expect(getPriority(0)).toBe(before);
  },
);

it.runIf(process.platform === 'linux')(
  'a thread of a process of low priority gives way as far as it can',
  async () => {
    expect(await priorityOfThread(40)).toBe(19);
  },
);

it.runIf(process.platform !== 'linux')('elsewhere a thread keeps its priority', async () => {
  expect(await priorityOfThread(3)).toBe(getPriority(0));
});
