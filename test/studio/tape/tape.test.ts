import { expect, test } from 'vitest';
import type { JournalMessage, StartMessage } from '../../../client-sdk/protocol/messages.ts';
import { gridOf, TapeScribe } from '../../../server/studio/tape/tape-item.ts';
import { TapeLayout } from '../../../server/studio/tape/tape-layout.ts';
import { lookOf } from '../../../server/studio/tape/token-colour.ts';
import { motionMessage, startMessage, visualMessage } from '../../support/messages.ts';

const write = (messages: readonly JournalMessage[]) => {
  const scribe = new TapeScribe();
  return messages.map((message) => scribe.write(message));
};

test('a keyframe becomes a mosaic of the visual grid, a chunk one of its own shape', () => {
  const [start, visual, motion] = write([startMessage(), visualMessage(), motionMessage()]);
  expect(start).toMatchObject({ type: 'splice', label: 'h264 · 1280×720' });
  expect(visual).toMatchObject({ type: 'visual', mosaic: { columns: 16, rows: 16, family: 'visual' } });
  expect(motion).toMatchObject({ type: 'motion', mosaic: { columns: 9, rows: 5, family: 'motion' } });
});

test('a chunk without ids is still, a gap keeps its reason', () => {
  const [, still, gap] = write([
    startMessage(),
    motionMessage({ ids: [] }),
    { type: 'gap', epoch: startMessage().epoch, seq: 9, from: 0, to: 5, reason: 'loss', dropped: 3 },
  ]);
  expect(still).toMatchObject({ type: 'motion', isStill: true });
  expect(gap).toMatchObject({ type: 'gap', reason: 'loss', dropped: 3, durationUs: 5 });
});

test('a new shot is marked, the first one is not', () => {
  const items = write([
    startMessage(),
    visualMessage({ shot: 4 }),
    visualMessage({ shot: 4 }),
    visualMessage({ shot: 5 }),
  ]);
  expect(items.map((item) => (item?.type === 'visual' ? item.isNewShot : undefined))).toEqual([
    undefined,
    false,
    false,
    true,
  ]);
});

test('the start of a subscription is not shown twice', () => {
  const replayed: StartMessage = { ...startMessage(), replay: true };
  expect(write([startMessage(), replayed])[1]).toBeUndefined();
});

test('dynamic ids lie in the cells that the bitmap names', () => {
  const layout = startMessage().layout;
  const start = {
    ...startMessage(),
    layout: { ...layout, visual: { ...layout.visual, columns: 4, rows: 2 } },
  };
  const [, item] = write([
    start,
    visualMessage({ ids: [7, 8], positions: btoa(String.fromCharCode(0b0010_0010)) }),
  ]);
  const ids = item?.type === 'visual' ? item.mosaic.ids : [];
  expect([...ids]).toEqual([undefined, 7, undefined, undefined, undefined, 8, undefined, undefined]);
});

test.each([
  [45, 1.8, 9, 5],
  [256, 1, 16, 16],
  [7, 1.8, 7, 1],
])('%i tokens of aspect %f are %i by %i', (count, aspect, columns, rows) => {
  expect(gridOf(count, aspect)).toEqual({ columns, rows });
});

test('the tape follows its end smoothly, or at once where nothing shall move', () => {
  const layout = new TapeLayout();
  const [, visual] = write([startMessage(), visualMessage()]);
  if (visual === undefined) throw new Error('no item');
  layout.run(0, { isStill: false });
  layout.add(visual);
  const soon = layout.run(16, { isStill: false });
  const end = layout.run(17, { isStill: true });
  expect(soon).toBeGreaterThan(0);
  expect(soon).toBeLessThan(end);
});

test('the tape holds a bounded number of items', () => {
  const layout = new TapeLayout();
  const scribe = new TapeScribe();
  for (let count = 0; count < 1000; count++) {
    const item = scribe.write(motionMessage());
    if (item !== undefined) layout.add(item);
  }
  expect(layout.items.length).toBe(240);
  expect(layout.items.at(-1)?.item).toMatchObject({ number: 999 });
});

test('an id always looks the same, and neighbours look different', () => {
  expect(lookOf(1234, 'visual')).toEqual(lookOf(1234, 'visual'));
  const inks = new Set(Array.from({ length: 64 }, (_, id) => lookOf(id, 'visual').ink));
  expect(inks.size).toBeGreaterThan(40);
});
