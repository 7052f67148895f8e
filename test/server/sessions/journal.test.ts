import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Journal } from '../../../server/sessions/journal.ts';
import { EPOCHS, journalEpoch, journalMessage } from '../../support/epoch-messages.ts';

const ROOMY = 2 ** 24;

function openJournal({ maxBytes = ROOMY, maxAgeMs = 1e9 } = {}) {
  const clock = { nowMs: 0 };
  const journal = new Journal({ maxBytes, maxAgeMs, now: () => clock.nowMs });
  return { journal, clock };
}

const typesOf = (journal: Journal): string[] => {
  const types: string[] = [];
  for (let at = journal.firstPosition; at < journal.endPosition; at++)
    types.push(journal.at(at)!.message.type);
  return types;
};

describe('trimming', () => {
  it('forgets whole clips, oldest first, when over its size', () => {
    const messages = journalEpoch(EPOCHS.first, 4);
    const probe = openJournal().journal;
    for (const message of messages) probe.append(message);
    const { journal } = openJournal({ maxBytes: probe.sizeBytes - 1 });
    for (const message of messages) journal.append(message);
    expect(typesOf(journal)).toEqual(Array(3).fill(['visual', 'motion', 'motion']).flat());
    expect(journal.sizeBytes).toBeLessThan(probe.sizeBytes);
  });

  it('never forgets the newest clip, however large', () => {
    const { journal } = openJournal({ maxBytes: 1 });
    for (const message of journalEpoch(EPOCHS.first, 3)) journal.append(message);
    expect(typesOf(journal)).toEqual(['visual', 'motion', 'motion']);
  });

  it('forgets a clip when its last message is over age, without a new message', () => {
    const { journal, clock } = openJournal({ maxAgeMs: 1000 });
    for (const message of journalEpoch(EPOCHS.first, 2)) {
      clock.nowMs += 200;
      journal.append(message);
    }
    clock.nowMs = 1800;
    journal.trim();
    expect(journal.firstPosition).toBe(0);
    clock.nowMs = 1801;
    journal.trim();
    expect(typesOf(journal)).toEqual(['visual', 'motion', 'motion']);
  });

  it('keeps the start in force for entries whose start it has forgotten', () => {
    const { journal } = openJournal({ maxBytes: 1 });
    for (const message of journalEpoch(EPOCHS.first, 3)) journal.append(message);
    expect(journal.at(journal.firstPosition)?.start?.message).toMatchObject({ type: 'start', seq: 0 });
  });

  it('holds its size to the sum of its entries whatever is appended', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 5000 }),
        (clips, maxBytes) => {
          const { journal } = openJournal({ maxBytes });
          clips.forEach((count, index) => {
            const epoch = `01HZZZZZZZZZZZZZZZZZZZZZZ${index}`;
            for (const message of journalEpoch(epoch, count, { hasEnd: true })) journal.append(message);
          });
          let sum = 0;
          for (let at = journal.firstPosition; at < journal.endPosition; at++)
            sum += journal.at(at)!.sizeBytes;
          expect(journal.sizeBytes).toBe(sum);
          expect(['start', 'visual', undefined]).toContain(journal.at(journal.firstPosition)?.message.type);
        },
      ),
    );
  });
});

describe('places', () => {
  it('begins live with the open clip, at its start if one comes right before', () => {
    const { journal } = openJournal();
    const messages = journalEpoch(EPOCHS.first, 2);
    for (const message of messages.slice(0, 3)) journal.append(message);
    expect(journal.at(journal.live().position)?.message.type).toBe('start');
    for (const message of messages.slice(3)) journal.append(message);
    expect(journal.at(journal.live().position)?.message).toMatchObject({ type: 'visual', clip: 1 });
  });

  it('waits live for the next epoch after an end', () => {
    const { journal } = openJournal();
    for (const message of journalEpoch(EPOCHS.first, 1, { hasEnd: true })) journal.append(message);
    expect(journal.live()).toEqual({ position: journal.endPosition });
  });

  it('begins an epoch without a visual live at its end', () => {
    const { journal } = openJournal();
    for (const message of journalEpoch(EPOCHS.first, 1, { hasEnd: true })) journal.append(message);
    journal.append(journalMessage('gap', 0, { epoch: EPOCHS.second }));
    expect(journal.live()).toEqual({ position: journal.endPosition });
  });

  it('goes on exactly after a cursor, over the border of epochs', () => {
    const { journal } = openJournal();
    for (const message of journalEpoch(EPOCHS.first, 1, { hasEnd: true })) journal.append(message);
    for (const message of journalEpoch(EPOCHS.second, 1)) journal.append(message);
    expect(journal.after({ epoch: EPOCHS.first, seq: 2 })).toEqual({ position: 3 });
    expect(journal.after({ epoch: EPOCHS.first, seq: 4 })).toEqual({ position: 5 });
    expect(journal.after({ epoch: EPOCHS.second, seq: 3 })).toEqual({ position: 9 });
  });

  it('tells an expired cursor from one of an unknown epoch', () => {
    const { journal } = openJournal({ maxBytes: 1 });
    for (const message of journalEpoch(EPOCHS.first, 3)) journal.append(message);
    const oldest = { position: journal.firstPosition };
    expect(journal.after({ epoch: EPOCHS.first, seq: 1 })).toEqual({
      ...oldest,
      missed: { from: `${EPOCHS.first}:1`, reason: 'expired' },
    });
    expect(journal.after({ epoch: EPOCHS.never, seq: 1 })).toEqual({
      ...oldest,
      missed: { from: `${EPOCHS.never}:1`, reason: 'unknown-epoch' },
    });
  });

  it('misses nothing after the cursor right before its oldest message', () => {
    const { journal } = openJournal({ maxBytes: 1 });
    for (const message of journalEpoch(EPOCHS.first, 3)) journal.append(message);
    const last = journal.firstPosition - 1;
    expect(journal.after({ epoch: EPOCHS.first, seq: last })).toEqual({ position: last + 1 });
  });

  it.each([
    [EPOCHS.first, 5],
    [EPOCHS.second, 4],
  ])('refuses a cursor of the future', (epoch, seq) => {
    const { journal } = openJournal();
    for (const message of journalEpoch(EPOCHS.first, 1, { hasEnd: true })) journal.append(message);
    for (const message of journalEpoch(EPOCHS.second, 1)) journal.append(message);
    expect(() => journal.after({ epoch, seq })).toThrow(expect.objectContaining({ code: 'invalid-cursor' }));
  });

  it('remembers its epochs when everything is forgotten', () => {
    const { journal } = openJournal();
    for (const message of journalEpoch(EPOCHS.first, 1, { hasEnd: true })) journal.append(message);
    journal.clear();
    expect([journal.sizeBytes, journal.last, journal.endPosition]).toEqual([0, undefined, 5]);
    expect(journal.after({ epoch: EPOCHS.first, seq: 0 }).missed?.reason).toBe('expired');
  });
});

it('refuses a hole in the sequence', () => {
  const { journal } = openJournal();
  journal.append(journalMessage('start', 0));
  expect(() => journal.append(journalMessage('visual', 2))).toThrow('without a hole');
});

it('encodes each form of a message once for everybody, while it is recent', () => {
  const { journal } = openJournal();
  const entry = journal.append(journalMessage('start', 0));
  for (const framing of ['json', 'ndjson', 'sse', 'binary'] as const) {
    for (const hasLlmIds of [false, true]) {
      const form = { framing, hasLlmIds };
      expect(entry.encode(form)).toBe(entry.encode(form));
    }
  }
  const form = { framing: 'json', hasLlmIds: false } as const;
  expect(entry.encode(form, true)).toBe(entry.encode(form, true));
  expect(entry.encode(form, true)).not.toBe(entry.encode(form));
  for (let seq = 1; seq <= 256; seq++) journal.append(journalMessage('gap', seq));
  expect(entry.encode(form)).not.toBe(entry.encode(form));
  expect(entry.encode(form)).toEqual(entry.encode(form));
});
