import { expect, it } from 'vitest';
import { BitrateLimit } from '../../../pipeline/rtp/bitrate-limit.ts';

const CEILING = 4_000_000;

/** Half seconds of 100 packets at 1.6 Mbit/s, of which a share is lost; the limits that are told. */
function told(limit: BitrateLimit, losses: readonly number[], fromMs = 0): number[] {
  const bitrates: number[] = [];
  losses.forEach((loss, turn) => {
    for (let packet = 0; packet < 100; packet += 1) {
      const atMs = fromMs + turn * 500 + packet * 5;
      if (packet < loss * 100) limit.miss(1);
      else limit.receive(1000, atMs);
      if (limit.advance(atMs)) bitrates.push(limit.bitrate);
    }
  });
  return bitrates;
}

it('is the ceiling, told with the first packet and every half second', () => {
  expect(told(new BitrateLimit({ ceiling: CEILING }), [0, 0, 0, 0])).toEqual([
    CEILING,
    CEILING,
    CEILING,
    CEILING,
  ]);
});

it('falls below what is sent where more than a tenth is lost, keeps a floor, and recovers', () => {
  const limit = new BitrateLimit({ ceiling: CEILING });
  const falling = told(
    limit,
    Array.from({ length: 30 }, () => 0.4),
  );
  expect(falling[2]).toBeLessThan(2_400_000);
  expect(falling.at(-1)).toBe(150_000);
  const rising = told(
    limit,
    Array.from({ length: 60 }, () => 0),
    15_000,
  );
  expect(rising.at(-1)).toBe(CEILING);
});

it('stays where a few packets are lost', () => {
  const limit = new BitrateLimit({ ceiling: CEILING });
  expect(told(limit, [0, 0.05, 0.05, 0.05, 0.05]).at(-1)).toBe(CEILING);
});

it('does not count packets as lost that were only overtaken', () => {
  const limit = new BitrateLimit({ ceiling: CEILING });
  for (let packet = 0; packet < 200; packet += 1) {
    limit.miss(1);
    limit.miss(-1);
    limit.receive(1000, packet * 5);
    limit.advance(packet * 5);
  }
  expect(limit.bitrate).toBe(CEILING);
});

it('says nothing to a sender that is silent', () => {
  const limit = new BitrateLimit({ ceiling: CEILING });
  expect(limit.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY);
  limit.receive(1000, 0);
  expect([limit.advance(0), limit.advance(500), limit.advance(1000)]).toEqual([true, false, false]);
  expect(limit.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY);
  limit.receive(1000, 9000);
  expect(limit.advance(9000)).toBe(true);
});
