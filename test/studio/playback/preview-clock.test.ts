import { expect, test } from 'vitest';
import { PreviewClock } from '../../../server/studio/playback/preview-clock.ts';

test('knows no time before the first picture', () => {
  expect(new PreviewClock('live').tick(1000)).toBeUndefined();
});

test('media time runs at the rate of the page', () => {
  const clock = new PreviewClock('whole');
  clock.arrived(0, 1000);
  const first = clock.tick(1200) ?? Number.NaN;
  expect((clock.tick(1700) ?? Number.NaN) - first).toBeCloseTo(500);
});

test('a late picture delays the clock once, so that the next one of the kind is in time', () => {
  const clock = new PreviewClock('whole');
  clock.arrived(0, 1000);
  clock.arrived(80, 1700);
  expect(clock.tick(1700)).toBeLessThanOrEqual(80);
  clock.arrived(160, 1780);
  expect(clock.tick(1780)).toBeLessThanOrEqual(160);
});

test('never runs back', () => {
  const clock = new PreviewClock('live');
  clock.arrived(0, 1000);
  const before = clock.tick(2000) ?? 0;
  clock.arrived(100, 2500);
  expect(clock.tick(2500)).toBeGreaterThanOrEqual(before);
});

test('live draws nearer to the newest picture, whole does not', () => {
  const leads = (['live', 'whole'] as const).map((mode) => {
    const clock = new PreviewClock(mode);
    clock.arrived(0, 2000);
    let media = 0;
    for (let now = 2000; now < 30_000; now += 100) {
      // All later pictures come one second earlier than the first did.
      clock.arrived(now - 1000, now);
      media = clock.tick(now) ?? 0;
    }
    return 29_900 - 1000 - media;
  });
  expect(leads[0]).toBeLessThan(150);
  expect(leads[1]).toBeGreaterThan(1000);
});

test('a live clock that is far behind jumps', () => {
  const clock = new PreviewClock('live');
  clock.arrived(0, 20_000);
  clock.tick(20_000);
  clock.arrived(15_000, 20_100);
  for (let now = 20_200; now < 25_000; now += 100) {
    clock.arrived(now - 5100, now);
    clock.tick(now);
  }
  expect(25_000 - 5100 - (clock.tick(25_000) ?? 0)).toBeLessThan(500);
});
