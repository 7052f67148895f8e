import { expect, it } from 'vitest';
import { KeyframeRequests } from '../../../pipeline/rtp/keyframe-requests.ts';

function open(keyframeIntervalMs = 0) {
  const sent: string[] = [];
  let nowMs = 0;
  const requests = new KeyframeRequests({
    keyframeIntervalMs,
    send: (kind) => sent.push(`${kind}@${nowMs}`),
  });
  /** Time with a packet each 20 ms, unless it is silent. */
  const pass = (ms: number, isSilent = false): void => {
    for (const endMs = nowMs + ms; nowMs < endMs; nowMs += 20) {
      if (!isSilent) requests.hear(nowMs);
      requests.advance(nowMs);
    }
  };
  return { requests, sent, pass, now: () => nowMs };
}

it('asks at once and every 500 ms until a keyframe comes, first by PLI, then by FIR in turns', () => {
  const { requests, sent, pass, now } = open();
  requests.want();
  pass(2400);
  expect(sent).toEqual(['pli@0', 'pli@500', 'fir@1000', 'pli@1500', 'fir@2000']);
  requests.satisfy(now());
  pass(5000);
  expect(sent.length).toBe(5);
  expect([requests.state, requests.ignored]).toEqual(['idle', 4]);
});

it('never asks twice within 500 ms', () => {
  const { requests, sent, pass, now } = open();
  for (let count = 0; count < 20; count += 1) {
    requests.want();
    pass(100);
    requests.satisfy(now());
  }
  expect(sent).toEqual(['pli@0', 'pli@500', 'pli@1000', 'pli@1500']);
});

it('calls a sender that never answers one that ignores requests, and asks it less and less', () => {
  const { requests, sent, pass } = open();
  requests.want();
  pass(2600);
  expect(requests.state).toBe('ignored');
  pass(30_000);
  const times = sent.map((each) => Number(each.split('@')[1]));
  const distances = times.slice(1).map((at, index) => at - times[index]!);
  expect(distances.slice(0, 9)).toEqual([500, 500, 500, 500, 500, 500, 1000, 2000, 4000]);
  expect(requests.ignored).toBe(times.length - 1);
});

it('waits for a keyframe that is on its way, and does not hold it against the sender that it got lost', () => {
  const { requests, sent, pass, now } = open();
  requests.want();
  pass(480);
  requests.announce(now());
  pass(480);
  expect(sent).toEqual(['pli@0']);
  pass(40);
  expect(sent).toEqual(['pli@0', 'pli@980']);
  expect(requests.ignored).toBe(0);
});

it('asks nobody while nothing comes, and at once when something comes again', () => {
  const { requests, sent, pass } = open();
  requests.want();
  pass(4000);
  const before = sent.length;
  pass(10_000, true);
  const during = sent.length;
  expect(during - before).toBeLessThanOrEqual(1);
  expect(requests.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY);
  pass(20);
  expect(sent.at(-1)).toBe('pli@14000');
});

it('wants a keyframe where none came for the interval', () => {
  const { requests, sent, pass, now } = open(2000);
  pass(1980);
  expect(sent).toEqual([]);
  pass(40);
  expect(sent).toEqual(['pli@2000']);
  requests.satisfy(now());
  pass(1980);
  expect(sent.length).toBe(1);
  pass(40);
  expect(sent.length).toBe(2);
});

it('asks again at once for a keyframe that was on its way and got lost', () => {
  const { requests, sent, pass, now } = open();
  requests.want();
  requests.announce(now());
  pass(100);
  expect(sent).toEqual([]);
  requests.want();
  pass(20);
  expect(sent).toEqual(['pli@100']);
});
