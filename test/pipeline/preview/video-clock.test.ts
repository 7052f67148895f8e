import fc from 'fast-check';
import { expect, it } from 'vitest';
import { micros } from '../../../client-sdk/protocol/units.ts';
import { VideoClock } from '../../../pipeline/preview/video-clock.ts';

const STEP_US = 83_333;

it('steps by media time, whatever the jitter of the clock', () => {
  const clock = new VideoClock();
  const jitterMs = [0, 30, -40, 60, 5, -60, 0];
  const stamps = jitterMs.map((late, index) =>
    clock.stamp(micros(5_000_000 + index * STEP_US), 1000 + (index * STEP_US) / 1000 + late),
  );
  expect(stamps).toEqual(jitterMs.map((_, index) => index * STEP_US));
});

it('follows the clock where media time has stood still, jumped ahead or begun anew', () => {
  const clock = new VideoClock();
  expect(clock.stamp(micros(0), 0)).toBe(0);
  // A first chunk comes when all of it has been tokenized.
  expect(clock.stamp(micros(STEP_US), 800)).toBe(800_000);
  expect(clock.stamp(micros(2 * STEP_US), 883)).toBe(800_000 + STEP_US);
  // A gap of eight seconds of media time that took no time.
  expect(clock.stamp(micros(8_000_000), 966)).toBe(966_000);
  // A new epoch.
  expect(clock.stamp(micros(0), 5000)).toBe(5_000_000);
});

it('numbers repeats by the clock, and the picture after them as if they had not been, or just after', () => {
  const clock = new VideoClock();
  clock.stamp(micros(0), 0);
  expect(clock.repeat(500)).toBe(500_000);
  expect(clock.repeat(1000)).toBe(1_000_000);
  expect(clock.stamp(micros(1_010_000), 1100)).toBe(1_010_000);
  expect(clock.repeat(1190)).toBe(1_100_000);
  expect(clock.stamp(micros(1_093_333), 1195)).toBe(1_101_000);
});

it('always increases and is never far from the clock', () => {
  const events = fc.array(
    fc.record({
      waitMs: fc.double({ min: 0, max: 3000, noNaN: true }),
      pts: fc.option(fc.integer({ min: 0, max: 20_000_000 }), { nil: undefined }),
    }),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(events, (all) => {
      const clock = new VideoClock();
      let nowMs = 0;
      let last = clock.stamp(micros(0), nowMs);
      for (const { waitMs, pts } of all) {
        nowMs += waitMs;
        const next = pts === undefined ? clock.repeat(nowMs) : clock.stamp(micros(pts), nowMs);
        expect(next).toBeGreaterThan(last);
        // Each repeat may add a step where the clock did not move.
        expect(Math.abs(next - nowMs * 1000)).toBeLessThan(151_000 + all.length * 1000);
        last = next;
      }
    }),
  );
});
