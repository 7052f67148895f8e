import { describe, expect, it, vi } from 'vitest';
import { Intake } from '../../../server/sessions/intake.ts';

function openIntake(capacityBytes = 10) {
  const calls = { pause: vi.fn(), resume: vi.fn(), onStall: vi.fn() };
  const intake = new Intake({ capacityBytes, stallMs: 1000, ...calls });
  return { intake, ...calls };
}

const chunk = (size: number): Uint8Array => new Uint8Array(size);

it('gives chunks in order and ends', async () => {
  const { intake } = openIntake();
  intake.push(Uint8Array.of(1));
  intake.push(Uint8Array.of());
  intake.push(Uint8Array.of(2, 3));
  intake.end();
  intake.push(Uint8Array.of(4));
  const got: number[] = [];
  for await (const bytes of intake) got.push(...bytes);
  expect(got).toEqual([1, 2, 3]);
  expect(intake.takenBytes).toBe(3);
});

it('wakes a reader that waits', async () => {
  const { intake } = openIntake();
  const reader = intake[Symbol.asyncIterator]();
  const next = reader.next();
  intake.push(chunk(1));
  expect(await next).toEqual({ done: false, value: chunk(1) });
  const last = reader.next();
  intake.end();
  expect(await last).toEqual({ done: true, value: undefined });
});

it('pauses its source while the reader is behind and resumes it at half', async () => {
  const { intake, pause, resume } = openIntake(10);
  const reader = intake[Symbol.asyncIterator]();
  for (let i = 0; i < 4; i++) intake.push(chunk(3));
  expect(pause).toHaveBeenCalledTimes(1);
  await reader.next();
  await reader.next();
  expect(resume).not.toHaveBeenCalled();
  await reader.next();
  expect(resume).toHaveBeenCalledTimes(1);
  intake.end();
});

it('drops everything when its reader leaves', async () => {
  const { intake } = openIntake();
  intake.push(chunk(3));
  intake.push(chunk(3));
  for await (const _ of intake) break;
  expect(intake.isEnded).toBe(true);
});

it('is read once', async () => {
  const { intake } = openIntake();
  intake.end();
  for await (const _ of intake);
  await expect(intake[Symbol.asyncIterator]().next()).rejects.toThrow('read before');
});

describe('stalling', () => {
  it('is told once after a silence, and never while paused or after the end', () => {
    vi.useFakeTimers();
    try {
      const silent = openIntake();
      const paused = openIntake(1);
      paused.intake.push(chunk(2));
      const ended = openIntake();
      ended.intake.end();
      vi.advanceTimersByTime(999);
      silent.intake.push(chunk(1));
      vi.advanceTimersByTime(999);
      expect(silent.onStall).not.toHaveBeenCalled();
      vi.advanceTimersByTime(5000);
      expect(silent.onStall).toHaveBeenCalledTimes(1);
      expect(paused.onStall).not.toHaveBeenCalled();
      expect(ended.onStall).not.toHaveBeenCalled();
    } finally {
      vi.useRealTimers();
    }
  });
});
