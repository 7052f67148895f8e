import { expect, it } from 'vitest';
import { millis } from '../../../client-sdk/protocol/units.ts';
import { MediaClock } from '../../../pipeline/rtp/media-clock.ts';
import { SenderClock, unixMillisOf } from '../../../pipeline/rtp/sender-clock.ts';

const report = (ntpSeconds: number, ntpFraction: number, rtpTimestamp = 0) => ({
  ssrc: 1,
  ntpSeconds,
  ntpFraction,
  rtpTimestamp,
});

it('knows the moments that RFC 5905 figure 4 gives', () => {
  expect(unixMillisOf(report(2_208_988_800, 0), millis(0))).toBe(0);
  expect(unixMillisOf(report(2_272_060_800, 2 ** 31), millis(0))).toBe(Date.UTC(1972, 0, 1) + 500);
});

it('takes seconds that have begun anew for those of the next era', () => {
  const near = millis(Date.UTC(2036, 1, 7, 6, 30));
  expect(unixMillisOf(report(0, 1), near)).toBeCloseTo(Date.UTC(2036, 1, 7, 6, 28, 16), 3);
  expect(unixMillisOf(report(2 ** 32 - 1, 0), near)).toBe(Date.UTC(2036, 1, 7, 6, 28, 15));
});

it('places pictures before and after a report, over the wrap-around of timestamps', () => {
  const clock = new MediaClock();
  const sender = new SenderClock();
  clock.take(2 ** 32 - 90, 0);
  expect(sender.captured(0)).toBeUndefined();
  sender.take(report(2_208_988_800 + 1000, 0, 90), { clock, near: millis(0) });
  expect(sender.captured(clock.extend(2 ** 32 - 90))).toBeCloseTo(999_998, 6);
  expect(sender.captured(clock.extend(9090))).toBeCloseTo(1_000_100, 6);
});

it('does not take a report of a sender that has no clock', () => {
  const clock = new MediaClock();
  const sender = new SenderClock();
  clock.take(0, 0);
  sender.take(report(0, 0, 0), { clock, near: millis(0) });
  expect(sender.captured(0)).toBeUndefined();
});
