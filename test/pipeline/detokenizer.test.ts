import { describe, expect, it } from 'vitest';
import type { Message, StartMessage } from '../../client-sdk/protocol/messages.ts';
import type { Detokenizer } from '../../client-sdk/reconstruct/detokenizer.ts';
import { atConstantRate } from '../../pipeline/constant-rate.ts';
import { detokenize, type RebuiltEvent } from '../../pipeline/detokenizer.ts';

const EPOCHS = ['01ARZ3NDEKTSV4RRFFQ69G5FAV', '01BX5ZZKBKACTAV9WEVGEMMVRZ'] as const;

/** Paints the whole picture in the grey of its first id, and never moves. */
const detokenizer: Detokenizer = {
  geometry: {
    visual: { width: 4, height: 4, columns: 1, rows: 1 },
    motion: { columns: 2, rows: 2, fieldsPerChunk: 4, fieldsPerSecond: 10 },
  },
  decodeKeyframe: async (ids) => new Float32Array(48).fill((ids[0] ?? 0) / 255),
  decodeMotion: async () => new Float32Array(32),
};
const start = (epoch: string, displayAspect = 1.5): Message =>
  ({
    type: 'start',
    epoch,
    displayAspect,
    motionFps: 10,
    layout: {
      visual: { columns: 1, rows: 1 },
      motion: { columns: 2, rows: 2, fieldsPerChunk: 4 },
    },
  }) as unknown as StartMessage;
const common = { seq: 0, received: 0, emitted: 0, clip: 0 };
const visual = (epoch: string, pts: number, grey: number, clip = 0): Message => ({
  ...common,
  type: 'visual',
  epoch,
  pts,
  clip,
  shot: 0,
  keyframe: 'coded',
  ids: [grey],
});
const motion = (epoch: string, pts: number, fields: number, clip = 0): Message => ({
  ...common,
  type: 'motion',
  epoch,
  pts,
  clip,
  chunk: 0,
  fields,
  duration: fields * 100_000,
  ids: [1],
});
const gap = (epoch: string, from: number, to: number): Message => ({
  type: 'gap',
  epoch,
  seq: 0,
  from,
  to,
  reason: 'loss',
  dropped: 1,
});

async function* feed(messages: readonly Message[]): AsyncGenerator<Message> {
  yield* messages;
}

async function collect(events: AsyncIterable<RebuiltEvent>): Promise<[number, number | 'end'][]> {
  const seen: [number, number | 'end'][] = [];
  for await (const event of events)
    seen.push([event.at / 1000, event.type === 'picture' ? event.rgb[0]! : 'end']);
  return seen;
}

const rebuild = (messages: readonly Message[]) => detokenize(feed(messages), { detokenizer });

describe('detokenize', () => {
  it('gives a picture for each keyframe and field, and the end of the last one', async () => {
    const [epoch] = EPOCHS;
    expect(await collect(rebuild([start(epoch), visual(epoch, 0, 7), motion(epoch, 0, 2)]))).toEqual([
      [0, 7],
      [100, 7],
      [200, 7],
      [200, 'end'],
    ]);
  });

  it('lets the picture before a gap go on', async () => {
    const [epoch] = EPOCHS;
    const messages = [
      start(epoch),
      visual(epoch, 0, 7),
      gap(epoch, 100_000, 900_000),
      visual(epoch, 900_000, 9, 1),
    ];
    expect(await collect(rebuild(messages))).toEqual([
      [0, 7],
      [900, 9],
      [1000, 'end'],
    ]);
  });

  it('begins with the first picture, wherever in the epoch it is', async () => {
    const [epoch] = EPOCHS;
    const messages = [start(epoch), gap(epoch, 0, 5_000_000), visual(epoch, 5_000_000, 7)];
    expect(await collect(rebuild(messages))).toEqual([
      [0, 7],
      [100, 'end'],
    ]);
  });

  it('puts epochs one after the other', async () => {
    const [first, second] = EPOCHS;
    const messages = [
      start(first),
      visual(first, 3_000_000, 7),
      motion(first, 3_000_000, 4),
      start(second),
      gap(second, 0, 200_000),
      visual(second, 200_000, 9),
    ];
    expect((await collect(rebuild(messages))).slice(-3)).toEqual([
      [400, 7],
      [600, 9],
      [700, 'end'],
    ]);
  });

  it('shows the last picture of an epoch for a tick where the next one begins with a picture', async () => {
    const [first, second] = EPOCHS;
    const messages = [
      start(first),
      visual(first, 0, 7),
      motion(first, 0, 2),
      start(second),
      visual(second, 0, 9),
    ];
    expect((await collect(rebuild(messages))).slice(-3)).toEqual([
      [200, 7],
      [300, 9],
      [400, 'end'],
    ]);
  });

  it('refuses messages before a start', async () => {
    await expect(collect(rebuild([visual(EPOCHS[0], 0, 7)]))).rejects.toThrow(
      'a start must come first, got visual',
    );
  });
});

describe('atConstantRate', () => {
  it('shows at each step the last picture at or before it', async () => {
    const [epoch] = EPOCHS;
    const messages = [
      start(epoch),
      visual(epoch, 0, 7),
      gap(epoch, 100_000, 450_000),
      visual(epoch, 450_000, 9, 1),
    ];
    expect(await collect(atConstantRate(rebuild(messages), { framesPerSecond: 10 }))).toEqual([
      [0, 7],
      [100, 7],
      [200, 7],
      [300, 7],
      [400, 7],
      [500, 9],
      [600, 'end'],
    ]);
  });
});
