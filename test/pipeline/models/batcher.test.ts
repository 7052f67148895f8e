import { describe, expect, it } from 'vitest';
import { Batcher } from '../../../pipeline/models/batcher.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

interface Item {
  readonly name: string;
  readonly kind: string;
  readonly priority: number;
}

const setUp = ({ size, waitMs = 4 }: { size: number; waitMs?: number }) => {
  const clock = new VirtualClock();
  const due: number[] = [];
  const batcher = new Batcher<Item>({
    size,
    waitMs,
    now: clock.now,
    schedule: clock.schedule,
    onDue: () => due.push(clock.now()),
  });
  const add = (name: string, kind = 'motion', priority = 0): Item => {
    const item = { name, kind, priority };
    batcher.add(item);
    return item;
  };
  const take = (): string | undefined =>
    batcher
      .take()
      ?.map((item) => item.name)
      .join('');
  return { clock, due, batcher, add, take };
};

describe('Batcher of one', () => {
  it('gives items by priority, then in the order in which they came, without a timer', () => {
    const { add, take, clock } = setUp({ size: 1 });
    add('a', 'motion', 3);
    add('b', 'keyframe', 2);
    add('c', 'motion', 1);
    add('d', 'motion', 1);
    add('e', 'keyframe', 0);
    expect(clock.timers).toBe(0);
    expect([take(), take(), take(), take(), take(), take()]).toEqual(['e', 'c', 'd', 'b', 'a', undefined]);
  });

  it('forgets an item that was removed', () => {
    const { add, take, batcher } = setUp({ size: 1 });
    const gone = add('a');
    add('b');
    expect(batcher.remove(gone)).toBe(true);
    expect(batcher.remove(gone)).toBe(false);
    expect(batcher.length).toBe(1);
    expect(take()).toBe('b');
  });
});

describe('Batcher of three', () => {
  it('gives a full batch at once and leaves the rest', () => {
    const { add, take } = setUp({ size: 3 });
    for (const name of 'abcd') add(name);
    expect(take()).toBe('abc');
    expect(take()).toBeUndefined();
  });

  it('lets an item wait for company, but not longer than agreed', () => {
    const { add, take, clock, due } = setUp({ size: 3 });
    add('a');
    clock.advance(3);
    add('b');
    expect(take()).toBeUndefined();
    clock.advance(1);
    expect(due).toEqual([4]);
    expect(take()).toBe('ab');
    expect(clock.timers).toBe(0);
  });

  it('never mixes kinds, and a full batch goes before an unfilled one of more urgency', () => {
    const { add, take, clock } = setUp({ size: 2 });
    add('k', 'keyframe', 0);
    add('m', 'motion', 1);
    add('n', 'motion', 3);
    expect(take()).toBe('mn');
    expect(take()).toBeUndefined();
    clock.advance(4);
    expect(take()).toBe('k');
  });

  it('counts the wait from when each item came, also for those left behind', () => {
    const { add, take, clock, due } = setUp({ size: 2 });
    add('a');
    add('b');
    clock.advance(2);
    add('c');
    expect(take()).toBe('ab');
    clock.advance(3);
    expect(take()).toBeUndefined();
    clock.advance(1);
    expect(due).toEqual([6]);
    expect(take()).toBe('c');
  });

  it('is not stranded by a timer that rings a little early', () => {
    const { add, take, clock, due } = setUp({ size: 2 });
    add('a');
    clock.advance(3.9);
    clock.ring();
    expect(take()).toBeUndefined();
    clock.advance(0.2);
    expect(due.length).toBe(2);
    expect(take()).toBe('a');
  });

  it('gives everything back when it is cleared, and stops its timer', () => {
    const { add, batcher, clock } = setUp({ size: 3 });
    add('a', 'motion', 1);
    add('b', 'keyframe', 0);
    expect(batcher.clear().map((item) => item.name)).toEqual(['b', 'a']);
    expect(clock.timers).toBe(0);
    expect(batcher.length).toBe(0);
  });
});
