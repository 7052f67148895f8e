import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FanOut } from '../../../server/sessions/fan-out.ts';

/** Listeners that count how often they were told. */
function crowdOf(count: number) {
  const told = new Array<number>(count).fill(0);
  const listeners = new Set(
    told.map((_, index) => ({
      pump: () => {
        told[index]! += 1;
      },
    })),
  );
  const sum = () => told.reduce((total, each) => total + each, 0);
  return { told, listeners, sum };
}

it('tells few at once', () => {
  const { told, listeners } = crowdOf(10);
  new FanOut(listeners).spread();
  expect(told).toEqual(new Array(10).fill(1));
});

it('tells many slice by slice, and lets other work come between', async () => {
  const { told, listeners, sum } = crowdOf(500);
  const progress: number[] = [];
  new FanOut(listeners).spread();
  while (sum() < 500) {
    progress.push(sum());
    await turn();
  }
  expect(progress.length).toBeGreaterThan(5);
  expect(told).toEqual(new Array(500).fill(1));
});

it('tells everybody again of what comes while it is at it', async () => {
  const { told, listeners, sum } = crowdOf(200);
  const fanOut = new FanOut(listeners);
  fanOut.spread();
  fanOut.spread();
  fanOut.spread();
  while (sum() < 400) await turn();
  await turn();
  expect(told).toEqual(new Array(200).fill(2));
});

it('leaves out who has gone and tells who has come', async () => {
  const { told, listeners, sum } = crowdOf(200);
  const last = [...listeners].at(-1)!;
  let late = 0;
  const fanOut = new FanOut(listeners);
  fanOut.spread();
  listeners.delete(last);
  listeners.add({
    pump: () => {
      late += 1;
    },
  });
  while (sum() < 199 || late < 1) await turn();
  expect([told.at(-1), late]).toEqual([0, 1]);
});
