import { expect, it } from 'vitest';
import { ReorderingDelay } from '../../../pipeline/rtp/reordering-delay.ts';

it('is what nearly all overtaken packets take', () => {
  const delay = new ReorderingDelay();
  expect(delay.valueMs).toBe(0);
  for (let ms = 1; ms <= 20; ms += 1) delay.measure(ms);
  expect(delay.valueMs).toBe(18);
});

it('is never more than 60 ms, and follows the path', () => {
  const delay = new ReorderingDelay();
  for (let count = 0; count < 64; count += 1) delay.measure(500);
  expect(delay.valueMs).toBe(60);
  for (let count = 0; count < 64; count += 1) delay.measure(3);
  expect(delay.valueMs).toBe(3);
});

it('is forgotten on a path that has come to keep the order', () => {
  const delay = new ReorderingDelay();
  delay.measure(10);
  for (let count = 0; count < 512; count += 1) delay.countInOrder();
  expect(delay.valueMs).toBe(0);
});
