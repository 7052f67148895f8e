import { expect, it } from 'vitest';
import { MediaClock, microsOfTicks, millisOfTicks } from '../../../pipeline/rtp/media-clock.ts';

const MODULUS = 2 ** 32;

it('counts on over the wrap-around and back', () => {
  const clock = new MediaClock();
  clock.take(MODULUS - 900, 0);
  clock.take(900, 20);
  expect(clock.extend(900) - clock.extend(MODULUS - 900)).toBe(1800);
  expect(clock.extend(1800)).toBe(MODULUS + 1800);
});

it('counts on over several wrap-arounds', () => {
  const clock = new MediaClock();
  const step = 2 ** 30;
  const stepMs = step / 90;
  for (let at = 0; at < 20; at += 1) clock.take((at * step) % MODULUS, at * stepMs);
  expect(clock.extend((20 * step) % MODULUS)).toBe(20 * step);
});

it('finds a timestamp plausible up to 10 s from where its arrival puts it, or where the sender stopped', () => {
  const clock = new MediaClock();
  clock.take(0, 0);
  const after = (mediaMs: number, passedMs: number) =>
    clock.isPlausible((mediaMs * 90 + MODULUS) % MODULUS, passedMs);
  expect([after(40, 40), after(30_000, 30_000), after(40, 30_000)]).toEqual([true, true, true]);
  expect([after(-9000, 0), after(-11_000, 0), after(11_000, 0), after(41_000, 30_000)]).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

it('starts from an implausible timestamp that was taken all the same', () => {
  const clock = new MediaClock();
  clock.take(90 * 60_000, 0);
  clock.take(0, 40);
  expect(clock.isPlausible(3600, 80)).toBe(true);
  expect(clock.isNewest(3600)).toBe(true);
});

it('has 90 ticks a millisecond', () => {
  expect(microsOfTicks(3003)).toBeCloseTo(33_366.667, 3);
  expect(millisOfTicks(90_000)).toBe(1000);
});
