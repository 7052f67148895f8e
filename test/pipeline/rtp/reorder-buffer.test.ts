import { expect, it } from 'vitest';
import { ReorderBuffer } from '../../../pipeline/rtp/reorder-buffer.ts';

const held = (sequenceNumber: number) => ({
  atMs: 0,
  packet: {
    sequenceNumber,
    payloadType: 96,
    timestamp: 0,
    ssrc: 1,
    marker: false,
    payload: new Uint8Array(1),
  },
});

const NEVER = () => false;

/** Numbers that leave, and holes as ranges. */
const released = (buffer: ReorderBuffer, isGivenUp: (number: number) => boolean): (number | string)[] =>
  [...buffer.release(isGivenUp)].map((each) =>
    each.type === 'packet' ? each.held.packet.sequenceNumber : `${each.begin}-${each.end}`,
  );

const filled = (first: number, ...numbers: readonly number[]): ReorderBuffer => {
  const buffer = new ReorderBuffer({ first, capacity: 4 });
  for (const number of numbers) buffer.insert(number, held(number));
  return buffer;
};

it('lets packets pass at once that are in order', () => {
  const buffer = filled(100, 100, 101);
  expect(released(buffer, NEVER)).toEqual([100, 101]);
  expect(buffer.size).toBe(0);
});

it('holds what follows a hole until it is filled', () => {
  const buffer = filled(100, 100, 102, 103);
  expect(released(buffer, NEVER)).toEqual([100]);
  expect(buffer.insert(101, held(101))).toBe('new');
  expect(released(buffer, NEVER)).toEqual([101, 102, 103]);
});

it('gives up only the packets that it is told to', () => {
  const buffer = filled(100, 100, 103, 105);
  expect(released(buffer, (number) => number < 104)).toEqual([100, '101-103', 103]);
  expect(released(buffer, () => true)).toEqual(['104-105', 105]);
});

it('tells duplicates from packets that come too late', () => {
  const buffer = filled(100, 100, 102);
  released(buffer, () => true);
  expect([100, 101, 102, 99].map((number) => buffer.insert(number, held(number)))).toEqual([
    'duplicate',
    'late',
    'duplicate',
    'late',
  ]);
  expect(buffer.insert(104, held(104))).toBe('new');
  expect(buffer.insert(104, held(104))).toBe('duplicate');
});

it('forgets what it knew of a number when its place is used again', () => {
  const buffer = filled(100, 100);
  released(buffer, NEVER);
  buffer.insert(100 + 4096, held(0));
  expect(buffer.has(100)).toBe(false);
  expect(buffer.insert(100, held(100))).toBe('late');
});

it('gives up what holds up too many', () => {
  const buffer = filled(100, 100, 102, 103, 104, 105);
  expect(released(buffer, NEVER)).toEqual([100]);
  buffer.insert(106, held(106));
  expect(released(buffer, NEVER)).toEqual(['101-102', 102, 103, 104, 105, 106]);
});
