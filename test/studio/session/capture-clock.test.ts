import { expect, test } from 'vitest';
import { CaptureClock } from '../../../server/studio/session/capture-clock.ts';

test('knows no age before the first picture', () => {
  expect(new CaptureClock().ageMs(0, 1000)).toBeUndefined();
});

test('counts from when the promptest picture was in hand', () => {
  const clock = new CaptureClock();
  clock.note(0, 5030);
  expect(clock.ageMs(0, 5030)).toBe(0);
  clock.note(100_000, 5105);
  clock.note(200_000, 5260);
  // Media time 0 was at 5005 by the second picture; the third came late.
  expect(clock.ageMs(0, 5005)).toBe(0);
  expect(clock.ageMs(200_000, 5505)).toBe(300);
});
