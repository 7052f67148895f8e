import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../../client-sdk/protocol/error-codes.ts';
import { Journal } from '../../../server/sessions/journal.ts';
import type { WireForm } from '../../../server/sessions/journal-entry.ts';
import {
  parseSubscribeFrom,
  type SubscribeFrom,
  type SubscriberSink,
  Subscription,
} from '../../../server/sessions/subscription.ts';
import { EPOCHS, journalEpoch, journalMessage } from '../../support/epoch-messages.ts';

/** A connection that takes bytes when it is told to. */
class RecordingSink implements SubscriberSink {
  readonly messages: Record<string, unknown>[] = [];
  heartbeats = 0;
  closedWith: (ErrorCode | 'normal')[] = [];
  isBlocked = false;
  bufferedBytes = 0;

  send({ bytes }: { bytes: Buffer }): void {
    this.messages.push(JSON.parse(bytes.toString()));
    if (this.isBlocked) this.bufferedBytes += bytes.length;
  }

  heartbeat(): void {
    this.heartbeats += 1;
  }

  close(code?: ErrorCode): void {
    this.closedWith.push(code ?? 'normal');
  }

  get seqs(): unknown[] {
    return this.messages.map(({ type, seq, replay }) => (replay ? 'replay' : (seq ?? type)));
  }
}

const JSON_FORM = { framing: 'json', hasLlmIds: false } as const;

function open(
  journal: Journal,
  from: SubscribeFrom,
  { isUntilEnd = false, form = JSON_FORM as WireForm } = {},
) {
  const clock = { nowMs: 0 };
  const sink = new RecordingSink();
  const closed: (ErrorCode | undefined)[] = [];
  const subscription = new Subscription(journal, sink, {
    from,
    isUntilEnd,
    form,
    bufferBytes: 1000,
    stallMs: 5000,
    heartbeatMs: 1000,
    now: () => clock.nowMs,
    onClosed: (_subscription, code) => closed.push(code),
  });
  subscription.pump();
  return { subscription, sink, clock, closed };
}

function fill(journal: Journal, epoch: string, clips: number, options?: { hasEnd: boolean }): void {
  for (const message of journalEpoch(epoch, clips, options)) journal.append(message);
}

const openJournal = (maxBytes = 2 ** 24): Journal => new Journal({ maxBytes, maxAgeMs: 1e9, now: () => 0 });

describe('beginning', () => {
  it('sends the start in force again, marked, before the open clip', () => {
    const journal = openJournal();
    fill(journal, EPOCHS.first, 2);
    expect(open(journal, 'live').sink.seqs).toEqual(['replay', 4, 5, 6]);
  });

  it('sends no start twice where the clip begins with it', () => {
    const journal = openJournal();
    fill(journal, EPOCHS.first, 1);
    expect(open(journal, 'earliest').sink.seqs).toEqual([0, 1, 2, 3]);
  });

  it('resumes exclusively after a cursor with the start of that epoch', () => {
    const journal = openJournal();
    fill(journal, EPOCHS.first, 1, { hasEnd: true });
    fill(journal, EPOCHS.second, 1);
    const { sink } = open(journal, { epoch: EPOCHS.first, seq: 2 });
    expect(sink.seqs).toEqual(['replay', 3, 4, 0, 1, 2, 3]);
    expect(sink.messages[0]).toMatchObject({ epoch: EPOCHS.first });
  });

  it('says what was missed between an expired cursor and the oldest message', () => {
    const journal = openJournal(1);
    fill(journal, EPOCHS.first, 3);
    const { sink } = open(journal, { epoch: EPOCHS.first, seq: 0 });
    expect(sink.seqs).toEqual(['replay', 'skip', 7, 8, 9]);
    expect(sink.messages[1]).toEqual({
      type: 'skip',
      from: `${EPOCHS.first}:0`,
      to: `${EPOCHS.first}:7`,
      reason: 'expired',
    });
  });

  it('says that an epoch is unknown when the first message comes', () => {
    const journal = openJournal();
    const { sink, subscription } = open(journal, { epoch: EPOCHS.never, seq: 9 });
    expect(sink.seqs).toEqual([]);
    journal.append(journalMessage('start', 0));
    subscription.pump();
    expect(sink.seqs).toEqual(['skip', 0]);
    expect(sink.messages[0]).toMatchObject({ reason: 'unknown-epoch', to: `${EPOCHS.first}:0` });
  });

  it('reads live, earliest and cursors, and nothing else', () => {
    expect(parseSubscribeFrom('live')).toBe('live');
    expect(parseSubscribeFrom(`${EPOCHS.first}:7`)).toEqual({ epoch: EPOCHS.first, seq: 7 });
    for (const text of ['', 'now', `${EPOCHS.first}:-1`, `${EPOCHS.first}`]) {
      expect(() => parseSubscribeFrom(text)).toThrow(expect.objectContaining({ code: 'invalid-cursor' }));
    }
  });
});

it('adds flat ids that are complete in themselves', () => {
  const journal = openJournal();
  fill(journal, EPOCHS.first, 1);
  const { sink } = open(journal, 'earliest', { form: { framing: 'json', hasLlmIds: true } });
  expect(sink.messages[1]?.llm).toEqual([32_000, 32_003, 32_004, 32_005, 32_001]);
  expect(sink.messages[2]?.llm).toEqual([36_098, 36_101, 36_102, 36_103, 36_099]);
});

it('closes after the end of the epoch where that was asked for', () => {
  const journal = openJournal();
  fill(journal, EPOCHS.first, 1, { hasEnd: true });
  fill(journal, EPOCHS.second, 1, { hasEnd: true });
  const { sink, closed } = open(journal, 'earliest', { isUntilEnd: true });
  expect(sink.seqs).toEqual([0, 1, 2, 3, 4]);
  expect(sink.closedWith).toEqual(['normal']);
  expect(closed).toEqual([undefined]);
});

describe('a slow connection', () => {
  it('waits in the journal and gets everything when it takes bytes again', () => {
    const journal = openJournal();
    const { sink, subscription } = open(journal, 'earliest');
    sink.isBlocked = true;
    fill(journal, EPOCHS.first, 20);
    subscription.pump();
    expect(sink.messages.length).toBeLessThan(10);
    sink.isBlocked = false;
    sink.bufferedBytes = 0;
    subscription.noteProgress();
    expect(sink.seqs).toEqual(Array.from({ length: 61 }, (_, seq) => seq));
  });

  it('is disconnected when it takes nothing for the whole time', () => {
    const journal = openJournal();
    const { sink, subscription, clock, closed } = open(journal, 'earliest');
    sink.isBlocked = true;
    fill(journal, EPOCHS.first, 20);
    subscription.pump();
    clock.nowMs = 4999;
    subscription.tick();
    expect(sink.closedWith).toEqual([]);
    clock.nowMs = 5000;
    subscription.tick();
    subscription.tick();
    expect(sink.closedWith).toEqual(['slow-subscriber']);
    expect(closed).toEqual(['slow-subscriber']);
  });

  it('is disconnected when the journal has forgotten its place', () => {
    const journal = openJournal(3000);
    const { sink, subscription } = open(journal, 'earliest');
    sink.isBlocked = true;
    fill(journal, EPOCHS.first, 4);
    subscription.pump();
    fill(journal, EPOCHS.second, 20);
    sink.bufferedBytes = 0;
    subscription.noteProgress();
    expect(sink.closedWith).toEqual(['slow-subscriber']);
  });
});

describe('a quiet connection', () => {
  it('gets a heartbeat after each silence', () => {
    const { sink, subscription, clock } = open(openJournal(), 'live');
    for (clock.nowMs = 0; clock.nowMs < 3000; clock.nowMs += 250) subscription.tick();
    expect(sink.heartbeats).toBe(2);
  });

  it('gets none while messages come', () => {
    const journal = openJournal();
    const { sink, subscription, clock } = open(journal, 'live');
    for (let seq = 0; seq < 10; seq++) {
      clock.nowMs += 900;
      journal.append(journalMessage(seq === 0 ? 'start' : 'gap', seq));
      subscription.pump();
      subscription.tick();
    }
    expect(sink.heartbeats).toBe(0);
    expect(sink.messages).toHaveLength(10);
  });
});

it('does nothing after its peer has gone', () => {
  const journal = openJournal();
  const { sink, subscription, clock, closed } = open(journal, 'live');
  subscription.detach();
  subscription.detach();
  fill(journal, EPOCHS.first, 1);
  subscription.pump();
  clock.nowMs = 1e6;
  subscription.tick();
  subscription.goaway(0);
  subscription.close('slow-subscriber');
  expect([sink.messages, sink.heartbeats, sink.closedWith]).toEqual([[], 0, []]);
  expect(closed).toEqual([undefined]);
});
