import { describe, expect, it } from 'vitest';
import type { JournalMessage } from '../../../client-sdk/protocol/messages.ts';
import { PreviewQueue } from '../../../pipeline/preview/preview-queue.ts';
import { MessageMaker } from '../../support/message-maker.ts';

const drain = (queue: PreviewQueue): JournalMessage[] => {
  const messages: JournalMessage[] = [];
  for (let message = queue.shift(); message; message = queue.shift()) messages.push(message);
  return messages;
};

/** However long messages wait. */
const patient = { maxAgeMs: 1000, now: () => 0 };

describe('PreviewQueue', () => {
  it('gives messages in their order', () => {
    const make = new MessageMaker();
    const queue = new PreviewQueue({ ...patient, capacity: 8 });
    const messages = [make.start(), make.visual(), make.motion(), make.gap(), make.visual(), make.motion()];
    for (const message of messages) queue.push(message);
    expect(queue.length).toBe(6);
    expect(drain(queue)).toEqual(messages);
    expect(queue.dropped).toBe(0);
  });

  it('lets a keyframe supersede older pictures when it is full, and keeps what makes none', () => {
    const make = new MessageMaker();
    const queue = new PreviewQueue({ ...patient, capacity: 4 });
    const [start, ...old] = [make.start(), make.visual(), make.motion(), make.motion()];
    const visual = make.visual();
    const motion = make.motion();
    for (const message of [start, ...old, visual, motion]) queue.push(message!);
    expect(drain(queue)).toEqual([start, visual, motion]);
    expect(queue.dropped).toBe(17);
  });

  it('gives the rest of a clip up where one chunk must go, for the chain is broken', () => {
    const make = new MessageMaker();
    const queue = new PreviewQueue({ ...patient, capacity: 2 });
    const visual = make.visual();
    for (const message of [visual, make.motion(), make.motion(), make.motion()]) queue.push(message);
    expect(drain(queue)).toEqual([visual]);
    expect(queue.dropped).toBe(24);
    const next = make.visual();
    const motion = make.motion();
    queue.push(next);
    queue.push(motion);
    expect(drain(queue)).toEqual([next, motion]);
  });

  it('takes no motion before the first keyframe, and counts none as dropped', () => {
    const make = new MessageMaker();
    const queue = new PreviewQueue({ ...patient, capacity: 4 });
    queue.push(make.motion());
    expect(queue.length).toBe(0);
    expect(queue.dropped).toBe(0);
  });

  it('skips to the next keyframe when the chain is lost, waiting or to come', () => {
    const make = new MessageMaker();
    const queue = new PreviewQueue({ ...patient, capacity: 8 });
    const [first, lost] = [make.visual(), make.motion()];
    queue.push(first);
    queue.shift();
    queue.push(lost);
    const visual = make.visual();
    const motion = make.motion();
    queue.push(visual);
    queue.push(motion);
    queue.breakChain();
    expect(drain(queue)).toEqual([visual, motion]);
    queue.breakChain();
    queue.push(make.motion());
    expect(queue.length).toBe(0);
    expect(queue.dropped).toBe(16);
  });

  it('never holds more than its capacity, whatever comes', () => {
    const make = new MessageMaker();
    const queue = new PreviewQueue({ ...patient, capacity: 3 });
    for (let round = 0; round < 50; round++) {
      for (const message of [make.gap(), make.visual(), make.gap(), make.motion(), make.gap(), make.end()]) {
        queue.push(message);
        expect(queue.length).toBeLessThanOrEqual(3);
      }
    }
  });

  it('lets a keyframe supersede older pictures when these have waited too long', () => {
    const make = new MessageMaker();
    let nowMs = 0;
    const queue = new PreviewQueue({ capacity: 20, maxAgeMs: 1000, now: () => nowMs });
    const [start, old, oldMotion] = [make.start(), make.visual(), make.motion()];
    for (const message of [start, old, oldMotion]) queue.push(message);
    nowMs = 900;
    const visual = make.visual();
    const motion = make.motion();
    for (const message of [visual, motion]) queue.push(message);
    nowMs = 1001;
    expect(drain(queue)).toEqual([start, visual, motion]);
    expect(queue.dropped).toBe(9);
  });

  it('gives the motion of a clip up that has waited too long, and shows its keyframe', () => {
    const make = new MessageMaker();
    let nowMs = 0;
    const queue = new PreviewQueue({ capacity: 20, maxAgeMs: 1000, now: () => nowMs });
    const visual = make.visual();
    for (const message of [visual, make.motion(), make.motion()]) queue.push(message);
    nowMs = 1000;
    expect(queue.length).toBe(3);
    nowMs = 1001;
    expect(drain(queue)).toEqual([visual]);
    queue.push(make.motion());
    expect(drain(queue)).toEqual([]);
    expect(queue.dropped).toBe(24);
  });
});
