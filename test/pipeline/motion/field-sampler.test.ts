import { describe, expect, test } from 'vitest';
import { micros } from '../../../client-sdk/protocol/units.ts';
import { FieldSampler, type SampledField } from '../../../pipeline/motion/field-sampler.ts';
import { fieldOf } from '../../support/block-fields.ts';

const blocks = { columns: 4, rows: 4 };
const grid = { columns: 2, rows: 2, fieldsPerSecond: 12 };
/** Each picture moves everything by a different power of two, so that a sum tells which pictures it holds. */
const stepField = (index: number) => fieldOf(blocks, () => [2 ** (index % 20) / 2 ** 22, 0]);

const tick = (k: number, keyframePts: number): number => keyframePts + Math.round((k * 1e6) / 12);

/** What the definition says: field k sums the pictures after tick k, up to and with tick k + 1. */
const expected = (times: readonly number[], endPts: number): number[] => {
  const sums: number[] = [];
  for (let k = 0; tick(k + 1, times[0]!) < endPts; k++) {
    const held = times.map((time, index) => ({ time, index })).slice(1);
    const within = held.filter(({ time }) => time > tick(k, times[0]!) && time <= tick(k + 1, times[0]!));
    sums.push(within.reduce((sum, { index }) => sum + 2 ** (index % 20), 0));
  }
  return sums;
};

const sums = (fields: readonly SampledField[]): number[] =>
  fields.map((each) => Math.round(each.dx[0]! * 32 * 2 ** 22));

const even = (framesPerSecond: number, seconds: number, from = 0): number[] =>
  Array.from(
    { length: Math.round(seconds * framesPerSecond) },
    (_, n) => from + Math.round((n * 1e6) / framesPerSecond),
  );

const clips: Record<string, readonly number[]> = {
  '30 pictures a second': even(30, 1.5),
  '25 pictures a second': even(25, 1.5),
  '12 pictures a second, each at a tick': even(12, 1.5),
  '8 pictures a second, some fields without any': even(8, 2),
  '60 pictures a second': even(60, 1),
  '29.97 pictures a second, late in the stream': even(30_000 / 1001, 1.5, 86_399_990_123),
  'a variable rate': [
    0, 10_000, 90_000, 166_667, 166_668, 250_001, 260_000, 400_000, 401_000, 666_666, 800_000,
  ],
  'a pause': [0, 33_333, 66_667, 900_000, 933_333],
  'a keyframe alone': [500_000],
};

describe.each(Object.entries(clips))('%s', (_, times) => {
  const endPts = micros(times.at(-1)! + 83_333);
  const open = () => new FieldSampler({ ...grid, keyframePts: micros(times[0]!) });

  test('gives the sums of the pictures between ticks, with zeros where there are none', () => {
    const sampler = open();
    const fields = times
      .slice(1)
      .flatMap((pts, index) =>
        sampler.push({ pts: micros(pts), nextPts: micros(pts), field: stepField(index + 1) }),
      );
    fields.push(...sampler.end(endPts));
    expect(sums(fields)).toEqual(expected(times, endPts));
    expect(fields.map(({ index }) => index)).toEqual(fields.map((__, index) => index));
    expect(fields.every(({ mask }) => mask.every(Boolean))).toBe(true);
  });

  test('gives a field no later than its steps allow', () => {
    const sampler = open();
    let count = 0;
    for (const pts of times.slice(1)) {
      count += sampler.push({ pts: micros(pts), nextPts: micros(pts), field: stepField(1) }).length;
      // Ticks that have passed, and one that a picture hits.
      let due = 0;
      while (tick(due + 1, times[0]!) <= pts) due++;
      expect(count).toBe(due);
    }
  });

  test('gives the same from steps that are merged at the ticks', () => {
    const sampler = open();
    const fields: SampledField[] = [];
    const shownAt = (time: number): number => times.findLastIndex((each) => each <= time);
    let last = 0;
    for (let k = 1; tick(k, times[0]!) < endPts; k++) {
      const now = shownAt(tick(k, times[0]!));
      if (now === last) continue;
      const moved = times
        .slice(last + 1, now + 1)
        .reduce((sum, __, index) => sum + 2 ** ((last + 1 + index) % 20), 0);
      const field = fieldOf(blocks, () => [moved / 2 ** 22, 0]);
      fields.push(
        ...sampler.push({ pts: micros(times[now]!), nextPts: micros(times[now + 1] ?? endPts), field }),
      );
      last = now;
    }
    fields.push(...sampler.end(endPts));
    expect(sums(fields)).toEqual(expected(times, endPts));
  });
});

test('a tick at the very end of the clip belongs to what comes after it', () => {
  const sampler = new FieldSampler({ ...grid, keyframePts: micros(0) });
  expect(sampler.end(micros(1_000_000))).toHaveLength(11);
  const longer = new FieldSampler({ ...grid, keyframePts: micros(0) });
  expect(longer.end(micros(1_000_001))).toHaveLength(12);
});

test('a step without a vector masks the field that holds it, and no other', () => {
  const sampler = new FieldSampler({ ...grid, keyframePts: micros(0) });
  const masked = fieldOf(blocks, () => undefined);
  const at = (pts: number) => ({ pts: micros(pts), nextPts: micros(pts) });
  const fields = [
    ...sampler.push({ ...at(40_000), field: stepField(1) }),
    ...sampler.push({ ...at(120_000), field: masked }),
    ...sampler.push({ ...at(160_000), field: stepField(2) }),
    ...sampler.push({ ...at(200_000), field: stepField(3) }),
    ...sampler.end(micros(260_000)),
  ];
  expect(fields.map(({ mask }) => mask.join(''))).toEqual(['1111', '0000', '1111']);
});
