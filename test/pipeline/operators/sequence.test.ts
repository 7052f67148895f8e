import { firstValueFrom, from, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { micros, millis } from '../../../client-sdk/protocol/units.ts';
import { AdmissionWindow } from '../../../pipeline/operators/admission-window.ts';
import { sequence } from '../../../pipeline/operators/sequence.ts';
import type { Tokenized } from '../../../pipeline/operators/tokenize-items.ts';
import type { Announcement, Chunk, Keyframe } from '../../../pipeline/types.ts';

const provenance = (pts: number, unitIndex: number) => ({
  pts: micros(pts),
  received: millis(5),
  unitIndex,
  isDegraded: false,
});
const keyframe = (clip: number, pts: number, unitIndex: number): Keyframe => ({
  type: 'keyframe',
  clip,
  shot: 0,
  kind: 'coded',
  pixels: new Uint8Array(),
  ...provenance(pts, unitIndex),
});
const chunk = (clip: number, number: number, pts: number, unitIndex: number): Chunk => ({
  type: 'chunk',
  clip,
  chunk: number,
  fields: 8,
  duration: micros(100),
  motion: new Float32Array(),
  mask: new Uint8Array(),
  isStill: false,
  ...provenance(pts, unitIndex),
});
const visual = (item: Keyframe): Tokenized => ({ type: 'visual', keyframe: item, ids: Uint32Array.of(7) });
const motion = (item: Chunk): Tokenized => ({ type: 'motion', chunk: item, ids: Uint32Array.of(8, 9) });
const announcement: Announcement = {
  type: 'announcement',
  format: { codec: 'h264' },
  size: { widthPx: 720, heightPx: 576, sampleAspect: 16 / 15 },
  motionSource: 'bitstream',
};

const sequenced = (items: readonly Tokenized[], window = new AdmissionWindow({ units: 100, bytes: 1000 })) =>
  firstValueFrom(
    from(items).pipe(
      sequence({
        stream: 'cam',
        epoch: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
        pack: { name: 'p', version: '1', sha256: 'x' },
        layout: {
          visual: { columns: 1, rows: 1, codebookSize: 8, dynamic: false },
          motion: { columns: 1, rows: 1, fieldsPerChunk: 8, tokensPerChunk: 2, codebookSize: 16 },
          llm: {
            text: 0,
            imageStart: 0,
            imageEnd: 0,
            visualOffset: 0,
            motionStart: 0,
            motionEnd: 0,
            motionOffset: 0,
          },
        },
        motionFps: 12,
        provider: 'cpu',
        runtime: { onnxruntime: '1', threads: 1, processor: 'test' },
        window,
        now: () => millis(10),
      }),
      toArray(),
    ),
  );

describe('sequence', () => {
  it('gives a visual the positions of its ids where there are some', async () => {
    const messages = await sequenced([
      visual(keyframe(0, 0, 0)),
      { ...visual(keyframe(1, 200, 9)), ids: new Uint32Array(), positions: 'AA==' } as Tokenized,
    ]);
    expect(messages[0]).not.toHaveProperty('positions');
    expect(messages[1]).toMatchObject({ type: 'visual', ids: [], positions: 'AA==' });
  });

  it('numbers messages without holes and announces a start just before its visual', async () => {
    const messages = await sequenced([
      announcement,
      visual(keyframe(0, 0, 0)),
      motion(chunk(0, 0, 0, 8)),
      visual(keyframe(1, 200, 9)),
    ]);
    expect(messages.map(({ type, seq }) => [type, seq])).toEqual([
      ['start', 0],
      ['visual', 1],
      ['motion', 2],
      ['visual', 3],
    ]);
    expect(messages[0]).toMatchObject({ width: 720, height: 576, displayAspect: 4 / 3, codec: 'h264' });
    expect(messages[2]).toMatchObject({
      clip: 0,
      chunk: 0,
      ids: [8, 9],
      received: 5,
      emitted: 10,
      duration: 100,
    });
  });

  it('makes one gap of a clip whose visual was lost, up to the next visual, and holds the start back', async () => {
    const messages = await sequenced([
      announcement,
      { type: 'omission', item: keyframe(0, 0, 0), reason: 'inference' },
      motion(chunk(0, 0, 0, 8)),
      motion(chunk(0, 1, 100, 16)),
      visual(keyframe(1, 250, 17)),
    ]);
    expect(messages.map(({ type }) => type)).toEqual(['gap', 'start', 'visual']);
    expect(messages[0]).toMatchObject({ from: 0, to: 250, reason: 'inference', dropped: 17 });
  });

  it('ends a clip’s motion at a lost chunk', async () => {
    const messages = await sequenced([
      visual(keyframe(0, 0, 0)),
      motion(chunk(0, 0, 0, 8)),
      { type: 'omission', item: chunk(0, 1, 100, 16), reason: 'overload' },
      motion(chunk(0, 2, 200, 24)),
      visual(keyframe(1, 300, 25)),
    ]);
    expect(messages.map(({ type }) => type)).toEqual(['visual', 'motion', 'gap', 'visual']);
    expect(messages[2]).toMatchObject({ from: 100, to: 300, reason: 'overload', dropped: 16 });
  });

  it('closes an open gap at the end of the source', async () => {
    const messages = await sequenced([
      visual(keyframe(0, 0, 0)),
      { type: 'omission', item: chunk(0, 0, 0, 8), reason: 'inference' },
    ]);
    expect(messages[1]).toMatchObject({ type: 'gap', from: 0, to: 100 });
  });

  it('gives the units behind every message back to the window', async () => {
    const window = new AdmissionWindow({ units: 3, bytes: 1000 });
    for (let index = 0; index < 3; index++) window.take({ index, data: new Uint8Array(1) });
    await sequenced(
      [visual(keyframe(0, 0, 0)), { type: 'omission', item: chunk(0, 0, 0, 1), reason: 'overload' }],
      window,
    );
    expect(window.units).toBe(1);
  });
});
