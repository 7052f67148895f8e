import { describe, expect, it } from 'vitest';
import { type Micros, micros } from '../../../client-sdk/protocol/units.ts';
import { Pacer } from '../../../pipeline/preview/pacer.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const setUp = ({ maxDelayMs = 1000, capacity = 24 } = {}) => {
  const clock = new VirtualClock();
  const shown: [atMs: number, ptsMs: number][] = [];
  let dropped = 0;
  const pacer = new Pacer<{ pts: Micros }>({
    maxDelayMs,
    capacity,
    now: clock.now,
    schedule: clock.schedule,
    emit: ({ pts }) => shown.push([clock.now(), pts / 1000]),
    onDrop: () => {
      dropped += 1;
    },
  });
  const push = (...ptsMs: number[]): void => pacer.push(ptsMs.map((pts) => ({ pts: micros(pts * 1000) })));
  return { clock, shown, pacer, push, dropped: () => dropped };
};
const chunk = (fromMs: number): number[] => [1, 2, 3, 4].map((field) => fromMs + field * 100);

describe('Pacer', () => {
  it('shows the first picture at once', () => {
    const { push, shown } = setUp();
    push(5000);
    expect(shown).toEqual([[0, 5000]]);
  });

  it('spreads bursts evenly over media time from the second chunk on', () => {
    const { clock, push, shown, dropped } = setUp();
    push(0);
    for (let at = 0; at < 1600; at += 400) {
      clock.advance(400);
      push(...chunk(at));
    }
    clock.advance(400);
    // The first chunk comes 400 ms after the keyframe, so that the lag grows once, to 300 ms, and stays.
    expect(shown).toEqual([
      [0, 0],
      ...Array.from({ length: 16 }, (_, at) => [400 + at * 100, 100 + at * 100]),
    ]);
    expect(dropped()).toBe(0);
  });

  it('is not moved by bursts that come a little sooner or later within its lag', () => {
    const { clock, push, shown } = setUp();
    push(0);
    clock.advance(450);
    push(...chunk(0));
    clock.advance(350);
    push(...chunk(400));
    clock.advance(450);
    push(...chunk(800));
    clock.advance(500);
    expect(shown.slice(1).map(([atMs, ptsMs]) => atMs - ptsMs)).toEqual(Array(12).fill(350));
  });

  it('holds a picture back no longer than agreed where pictures come faster than they are shown', () => {
    const { clock, push, shown, dropped } = setUp({ maxDelayMs: 500 });
    push(0);
    for (let at = 0; at < 4000; at += 400) {
      push(...chunk(at));
      clock.advance(50);
    }
    clock.advance(2000);
    // The last chunk comes at 450; its first picture is held for 500, the last one is 300 later.
    expect(shown.at(-1)).toEqual([450 + 500 + 300, 4000]);
    expect(dropped()).toBeGreaterThan(0);
    expect(shown.length + dropped()).toBe(41);
  });

  it('comes back to its pace after a stall', () => {
    const { clock, push, shown } = setUp({ maxDelayMs: 500 });
    push(0);
    clock.advance(5000);
    push(...chunk(0));
    expect(shown.at(-1)).toEqual([5000, 100]);
    push(...chunk(4600));
    clock.advance(1000);
    expect(shown.at(-1)?.[1]).toBe(5000);
    expect(shown.at(-1)![0]).toBeLessThanOrEqual(5000 + 500 + 300);
  });

  it('holds no more pictures than agreed and drops the oldest', () => {
    const { clock, push, shown, dropped } = setUp({ capacity: 2 });
    push(0);
    push(...chunk(0));
    expect(dropped()).toBe(2);
    clock.advance(1000);
    expect(shown.map(([, ptsMs]) => ptsMs)).toEqual([0, 300, 400]);
  });

  it('overtakes pictures that fell due while the thread was held up', () => {
    const { clock, push, shown, dropped } = setUp();
    push(0);
    push(...chunk(0));
    clock.jump(350);
    clock.ring();
    expect(shown).toEqual([
      [0, 0],
      [350, 300],
    ]);
    expect(dropped()).toBe(2);
  });

  it('shows the last picture of an epoch and starts the next one at once', () => {
    const { push, shown, pacer, dropped } = setUp();
    push(90_000);
    push(...chunk(90_000));
    pacer.restart();
    push(0);
    expect(shown.map(([, ptsMs]) => ptsMs)).toEqual([90_000, 90_400, 0]);
    expect(dropped()).toBe(3);
  });

  it('shows nothing after it was closed and leaves no timer', () => {
    const { clock, push, shown, pacer } = setUp();
    push(0);
    push(...chunk(0));
    pacer.close();
    expect(clock.timers).toBe(0);
    clock.advance(5000);
    expect(shown.length).toBe(1);
  });
});
