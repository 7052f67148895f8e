import { describe, expect, test } from 'vitest';
import { millis } from '../../../client-sdk/protocol/units.ts';
import { middleOf, millisBetween, toNtp } from '../../../server/webrtc/ntp.ts';
import { ReceptionTally } from '../../../server/webrtc/reception-tally.ts';
import { Rollover } from '../../../server/webrtc/rollover.ts';

const packet = (sequenceNumber: number, timestamp = 0) => ({
  payloadType: 96,
  sequenceNumber,
  timestamp,
  ssrc: 7,
  marker: false,
  payload: new Uint8Array(1),
});

describe('ReceptionTally', () => {
  test('reports what is missing since the last report and in all, across the wrap', () => {
    const tally = new ReceptionTally(7, 90_000);
    for (const number of [65_533, 65_534, 1, 2]) tally.take(packet(number), millis(0));
    expect(tally.report(millis(0))).toMatchObject({
      ssrc: 7,
      packetsLost: 2,
      fractionLost: Math.floor((2 * 256) / 6),
      highestSequence: 65_536 + 2,
    });
    tally.take(packet(3), millis(0));
    expect(tally.report(millis(0))).toMatchObject({ packetsLost: 2, fractionLost: 0 });
    // What comes late after all counts as received.
    tally.take(packet(65_535), millis(0));
    tally.take(packet(0), millis(0));
    expect(tally.report(millis(0))).toMatchObject({
      packetsLost: 0,
      fractionLost: 0,
      highestSequence: 65_536 + 3,
    });
  });

  test('begins anew where the sender does', () => {
    const tally = new ReceptionTally(7, 90_000);
    tally.take(packet(10), millis(0));
    tally.take(packet(40_000), millis(0));
    tally.take(packet(40_002), millis(0));
    expect(tally.report(millis(0))).toMatchObject({ packetsLost: 1, highestSequence: 40_002 });
  });

  test('smooths the jitter as RFC 3550 does: a sixteenth of each change', () => {
    const tally = new ReceptionTally(7, 90_000);
    tally.take(packet(0, 0), millis(0));
    tally.take(packet(1, 900), millis(10));
    expect(tally.report(millis(10)).jitter).toBe(0);
    // 16 ms too late are 1440 ticks.
    tally.take(packet(2, 1800), millis(36));
    expect(tally.report(millis(36)).jitter).toBe(1440 / 16);
  });

  test('echoes the last sender report with the time since', () => {
    const tally = new ReceptionTally(7, 90_000);
    const report = {
      type: 'sender-report',
      ssrc: 7,
      ntpSeconds: 0x1234_5678,
      ntpFraction: 0x9abc_def0,
    } as const;
    tally.takeReport(
      { ...report, rtpTimestamp: 0, packetCount: 0, octetCount: 0, reports: [] },
      millis(1000),
    );
    expect(tally.report(millis(1500))).toMatchObject({
      lastReport: 0x5678_9abc,
      delaySinceLastReport: 32_768,
    });
  });
});

describe('Rollover', () => {
  /** Counts of wraps that the numbers are taken for, each confirmed. */
  const wrapsOf = (numbers: readonly number[]): number[] => {
    const rollover = new Rollover();
    return numbers.map((number) => {
      const wraps = rollover.guess(number);
      rollover.confirm(number, wraps);
      return wraps;
    });
  };

  test('goes up at the wrap, also after a gap, and back for stragglers', () => {
    expect(wrapsOf([65_534, 65_535, 0, 65_533, 1])).toEqual([0, 0, 1, 0, 1]);
    expect(wrapsOf([65_000, 4000, 65_100, 30_000, 60_000, 500])).toEqual([0, 1, 0, 1, 1, 2]);
  });

  test('never falls below nothing', () => {
    expect(wrapsOf([5, 65_530, 6])).toEqual([0, 0, 1]);
  });

  test('forgets what was not confirmed', () => {
    const rollover = new Rollover();
    rollover.confirm(60_000, 0);
    expect(rollover.guess(100)).toBe(1);
    expect(rollover.guess(60_001)).toBe(0);
  });
});

test('NTP times have the middle that reports refer to', () => {
  const earlier = middleOf(toNtp(millis(1_800_000_000_000)));
  const later = middleOf(toNtp(millis(1_800_000_000_250)));
  expect(millisBetween(earlier, later)).toBeCloseTo(250, 0);
  expect(toNtp(millis(500))).toEqual({ ntpSeconds: 2_208_988_800, ntpFraction: 2 ** 31 });
  expect(millisBetween(0xffff_ff00, 0x100)).toBeCloseTo((512 / 65_536) * 1000, 6);
});
