import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FrameGate } from '../../../server/http/frame-gate.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('lets one picture in at a time and drops those that come meanwhile', () => {
  const sent: number[] = [];
  let flush: () => void = () => undefined;
  const gate = new FrameGate(1000, () => expect.unreachable());
  const offer = (picture: number): void =>
    gate.offer((onFlushed) => {
      sent.push(picture);
      flush = onFlushed;
    });
  offer(1);
  offer(2);
  flush();
  offer(3);
  expect(sent).toEqual([1, 3]);
});

it('gives up a connection whose picture does not leave, once', () => {
  const onStuck = vi.fn();
  const send = vi.fn();
  const gate = new FrameGate(1000, onStuck);
  gate.offer(send);
  vi.advanceTimersByTime(999);
  gate.offer(send);
  expect(onStuck).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  gate.offer(send);
  gate.offer(send);
  expect(onStuck).toHaveBeenCalledTimes(1);
  expect(send).toHaveBeenCalledTimes(1);
});
