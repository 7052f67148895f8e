import { expect, it } from 'vitest';
import { KeyframeAllowance } from '../../../server/webrtc/keyframe-allowance.ts';

/** Times at which a viewer that asks every 100 ms is heard, ms. */
function heard(allowance: KeyframeAllowance, { fromMs, toMs }: { fromMs: number; toMs: number }): number[] {
  const times: number[] = [];
  for (let nowMs = fromMs; nowMs < toMs; nowMs += 100) if (allowance.take(nowMs)) times.push(nowMs);
  return times;
}

it('passes the first request at once and those of a viewer that never recovers ever more seldom', () => {
  const times = heard(new KeyframeAllowance(), { fromMs: 0, toMs: 60_000 });
  expect(times).toEqual([0, 500, 1500, 3500, 7500, 15_500, 23_500, 31_500, 39_500, 47_500, 55_500]);
});

it('forgets after a quiet time', () => {
  const allowance = new KeyframeAllowance();
  heard(allowance, { fromMs: 0, toMs: 20_000 });
  expect(heard(allowance, { fromMs: 40_000, toMs: 42_000 })).toEqual([40_000, 40_500, 41_500]);
});
