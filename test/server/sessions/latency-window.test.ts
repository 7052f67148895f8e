import { expect, it } from 'vitest';
import { LatencyWindow } from '../../../server/sessions/latency-window.ts';

it('knows nothing before the first value', () => {
  expect(new LatencyWindow().quantiles()).toBeUndefined();
});

it('gives the nearest ranks', () => {
  const window = new LatencyWindow();
  for (let value = 100; value >= 1; value--) window.add(value);
  expect(window.quantiles()).toEqual({ p50Ms: 50, p95Ms: 95 });
});

it('forgets old values', () => {
  const window = new LatencyWindow();
  window.add(1e6);
  for (let i = 0; i < 512; i++) window.add(1);
  expect(window.quantiles()).toEqual({ p50Ms: 1, p95Ms: 1 });
});
