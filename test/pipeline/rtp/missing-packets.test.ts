import { beforeEach, describe, expect, it } from 'vitest';
import { MissingPackets } from '../../../pipeline/rtp/missing-packets.ts';
import { ReorderingDelay } from '../../../pipeline/rtp/reordering-delay.ts';
import { RoundTrip } from '../../../pipeline/rtp/round-trip.ts';

let roundTrip: RoundTrip;
let reordering: ReorderingDelay;
let missing: MissingPackets;
beforeEach(() => {
  roundTrip = new RoundTrip();
  reordering = new ReorderingDelay();
  missing = new MissingPackets({ roundTrip, reordering });
});

/** When each request for a number that never comes is made. */
function requestsMs(endMs: number): number[] {
  const times: number[] = [];
  for (let atMs = 0; atMs <= endMs; atMs += 1) if (missing.takeDue(atMs).length > 0) times.push(atMs);
  return times;
}

describe('asking again', () => {
  it('happens at once on a path that keeps the order, then once in a round trip', () => {
    roundTrip.measure(80);
    missing.add({ begin: 5, end: 7 }, 0);
    expect(missing.takeDue(0)).toEqual([5, 6]);
    expect(requestsMs(250)).toEqual([80, 160, 240]);
  });

  it('waits as long as overtaken packets take', () => {
    for (let count = 0; count < 20; count += 1) reordering.measure(30);
    missing.add({ begin: 5, end: 6 }, 0);
    expect(requestsMs(60)).toEqual([30]);
  });

  it('ends after ten times, however short the round trip', () => {
    roundTrip.measure(1);
    missing.add({ begin: 5, end: 6 }, 0);
    expect(requestsMs(1000)).toEqual([0, 20, 40, 60, 80, 100, 120, 140, 160, 180]);
  });

  it('ends when the packet comes', () => {
    missing.add({ begin: 5, end: 6 }, 0);
    missing.takeDue(0);
    missing.found(5, { atMs: 90, isRetransmission: true });
    expect(requestsMs(1000)).toEqual([]);
    expect(missing.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('does not happen for a hole as large as an outage, which is given up at once', () => {
    missing.add({ begin: 0, end: 301 }, 0);
    expect(missing.takeDue(0)).toEqual([]);
    expect(missing.isOverdue(0, 0)).toBe(true);
    expect(missing.has(0)).toBe(false);
    missing.add({ begin: 301, end: 302 }, 0);
    expect(missing.has(301)).toBe(true);
  });
});

describe('waiting', () => {
  it.each([
    [10, 200],
    [80, 280],
    [1000, 400],
  ])('takes three and a half round trips of %d ms, within bounds: %d ms', (roundTripMs, holdMs) => {
    roundTrip.measure(roundTripMs);
    missing.add({ begin: 5, end: 6 }, 1000);
    expect(missing.isOverdue(5, 1000 + holdMs - 1)).toBe(false);
    expect(missing.isOverdue(5, 1000 + holdMs)).toBe(true);
  });
});

describe('what comes after all', () => {
  it('was overtaken if it comes before an answer can', () => {
    missing.add({ begin: 5, end: 7 }, 0);
    expect(missing.found(5, { atMs: 12, isRetransmission: false })).toBe('overtaken');
    expect(reordering.valueMs).toBe(12);
    missing.takeDue(20);
    expect(missing.found(6, { atMs: 40, isRetransmission: false })).toBe('overtaken');
  });

  it('was sent again if it says so, or comes when an answer would', () => {
    missing.add({ begin: 5, end: 7 }, 0);
    missing.takeDue(0);
    expect(missing.found(5, { atMs: 60, isRetransmission: true })).toBe('retransmitted');
    expect(missing.found(6, { atMs: 60, isRetransmission: false })).toBe('retransmitted');
    expect(roundTrip.valueMs).toBe(60);
    expect(reordering.valueMs).toBe(0);
  });

  it('is of no interest if nobody missed it', () => {
    expect(missing.found(5, { atMs: 0, isRetransmission: true })).toBeUndefined();
  });
});
