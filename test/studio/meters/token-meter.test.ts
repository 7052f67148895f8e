import { expect, test } from 'vitest';
import { positionsOf } from '../../../client-sdk/protocol/positions.ts';
import { RateMeter } from '../../../server/studio/meters/rate-meter.ts';
import { quantilesOf, TokenMeter } from '../../../server/studio/meters/token-meter.ts';
import { motionMessage, startMessage, visualMessage } from '../../support/messages.ts';

const SECOND_US = 1_000_000;

test('rates are over media time, bits by the size of the codebook', () => {
  const meter = new TokenMeter();
  meter.add(startMessage());
  for (let second = 0; second < 4; second++) {
    meter.add(visualMessage({ pts: second * SECOND_US }));
    meter.add(motionMessage({ pts: second * SECOND_US, duration: SECOND_US }));
  }
  const { tokensPerSecond, bitsPerSecond, keyframes, chunks } = meter.read();
  expect({ tokensPerSecond, bitsPerSecond, keyframes, chunks }).toEqual({
    tokensPerSecond: 256 + 45,
    bitsPerSecond: 256 * 12 + 45 * 10,
    keyframes: 4,
    chunks: 4,
  });
});

test('bits of a dynamic keyframe include its bitmap, and SKIP ids are tokens', () => {
  const meter = new TokenMeter();
  const { layout, ...start } = startMessage();
  meter.add({ ...start, layout: { ...layout, llm: { ...layout.llm, skipOffset: 37_124 } } });
  // Cells 1 and 200: runs of one cell and of 198, so one SKIP id and thirteen.
  const positions = positionsOf([1, 200], layout.visual);
  meter.add(visualMessage({ ids: [5, 6], positions }));
  meter.add(motionMessage({ duration: SECOND_US }));
  const { tokensPerSecond, bitsPerSecond } = meter.read();
  expect(tokensPerSecond).toBe(2 + 1 + 13 + 45);
  expect(bitsPerSecond).toBe(2 * 12 + 256 + 45 * 10);
});

test('rates forget what is older than ten seconds', () => {
  const meter = new TokenMeter();
  meter.add(startMessage());
  meter.add(visualMessage());
  for (let second = 0; second < 40; second++)
    meter.add(motionMessage({ pts: second * SECOND_US, duration: SECOND_US }));
  expect(meter.read().tokensPerSecond).toBeCloseTo(45);
});

test('motion is not blamed for waiting for its visual', () => {
  const meter = new TokenMeter();
  meter.add(startMessage());
  meter.add(visualMessage({ received: 1000, emitted: 1300 }));
  meter.add(motionMessage({ received: 1050, emitted: 1310 }));
  expect(meter.read()).toMatchObject({
    keyframeLatency: { p50Ms: 300 },
    motionLatency: { p50Ms: 10 },
  });
});

test('gaps, dropped pictures, still chunks and degraded messages are counted', () => {
  const meter = new TokenMeter();
  meter.add(startMessage());
  meter.add(visualMessage({ clip: 3, shot: 2, degraded: true }));
  meter.add(motionMessage({ ids: [] }));
  meter.add({ type: 'gap', epoch: 'x', seq: 4, from: 0, to: 9, reason: 'overload', dropped: 12 });
  expect(meter.read()).toMatchObject({
    gaps: 1,
    droppedPictures: 12,
    stillChunks: 1,
    degraded: 1,
    clip: 3,
    shot: 2,
  });
});

test('quantiles are by nearest rank', () => {
  expect(quantilesOf([])).toBeUndefined();
  expect(quantilesOf(Array.from({ length: 100 }, (_, index) => 100 - index))).toEqual({
    p50Ms: 50,
    p95Ms: 95,
  });
});

test('a rate is of the window only', () => {
  const meter = new RateMeter({ windowMs: 2000 });
  for (let now = 0; now <= 10_000; now += 100) meter.add(1, now);
  expect(meter.perSecond(10_000)).toBeCloseTo(10, -1);
  expect(meter.perSecond(20_000)).toBe(0);
});
