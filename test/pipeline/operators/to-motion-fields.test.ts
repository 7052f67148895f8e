import { firstValueFrom, from, NEVER, Subject, throwError, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { micros, millis } from '../../../client-sdk/protocol/units.ts';
import { type MotionGrid, toMotionFields } from '../../../pipeline/operators/to-motion-fields.ts';
import type { Chunk, ClipEvent, Keyframe } from '../../../pipeline/types.ts';
import { fieldOf } from '../../support/block-fields.ts';

const GRID: MotionGrid = {
  columns: 2,
  rows: 2,
  fieldsPerSecond: 10,
  fieldsPerChunk: 2,
  stillThreshold: 0.001,
};
const BLOCKS = { columns: 4, rows: 4 };
const TICK = 100_000;
/** A chunk is two pictures, a tick apart; each moves by so many px of 32, or not at all. */
type Picture = number | 'degraded';

const provenance = { received: millis(0), unitIndex: 0 };

/** A clip whose pictures stand at its ticks. */
function* clipOf(clip: number, pictures: readonly Picture[]): Generator<ClipEvent> {
  const start = clip * 10_000_000;
  yield {
    ...{ type: 'keyframe', clip, shot: 0, kind: 'coded', pixels: new Uint8Array(), isDegraded: false },
    ...{ pts: micros(start), ...provenance },
  } satisfies Keyframe;
  for (const [index, picture] of pictures.entries()) {
    const pts = micros(start + (index + 1) * TICK);
    const px = picture === 'degraded' ? 1 : picture;
    const field = fieldOf(BLOCKS, () => [px, 0]);
    yield {
      ...{ type: 'step', clip, pts, nextPts: pts, field, isDegraded: picture === 'degraded' },
      ...provenance,
    };
  }
  yield {
    ...{ type: 'clip-end', clip, endPts: micros(start + pictures.length * TICK + 1) },
    ...provenance,
  };
}

const chunksOf = async (
  clips: readonly (readonly Picture[])[],
  grid: MotionGrid = { ...GRID, context: true },
): Promise<Chunk[]> => {
  const events = clips.flatMap((pictures, clip) => [...clipOf(clip, pictures)]);
  const items = await firstValueFrom(from(events).pipe(toMotionFields(grid), toArray()));
  return items.filter((item): item is Chunk => item.type === 'chunk');
};

/** How far the cells of the chunk before moved, px; absent without one. */
const previousPx = ({ previous }: Chunk): number | undefined => previous && previous.motion[0]! * 32;

describe('what a chunk is coded in view of', () => {
  it('is the chunk before in its clip: nothing for the first one, nothing from another clip', async () => {
    const chunks = await chunksOf([
      [1, 1, 2, 2, 3, 3],
      [4, 4, 5, 5],
    ]);
    expect(chunks.map(previousPx)).toEqual([undefined, 1, 2, undefined, 4]);
  });

  it('is nothing after a still chunk, nor for it', async () => {
    const chunks = await chunksOf([[1, 1, 0, 0, 3, 3, 4, 4]]);
    expect(chunks.map(({ isStill }) => isStill)).toEqual([false, true, false, false]);
    expect(chunks.map(previousPx)).toEqual([undefined, undefined, undefined, 3]);
  });

  it('is nothing where the pack’s motion has no context', async () => {
    const chunks = await chunksOf([[1, 1, 2, 2]], GRID);
    expect(chunks.map(previousPx)).toEqual([undefined, undefined]);
  });

  it('is not copied, and keeps nothing older alive', async () => {
    const [first, second, third] = await chunksOf([[1, 1, 2, 2, 3, 3]]);
    expect(second?.previous?.motion).toBe(first?.motion);
    expect(second?.previous?.mask).toBe(first?.mask);
    expect(third?.previous).toEqual({ motion: second?.motion, mask: second?.mask });
  });

  it('is always a whole chunk: only the last one of a clip is short', async () => {
    const chunks = await chunksOf([[1, 1, 2, 2, 3]]);
    expect(chunks.map(({ fields }) => fields)).toEqual([2, 2, 1]);
    expect([...chunks[2]!.mask]).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
    expect(chunks.map(({ previous }) => previous?.mask.every((each) => each === 1))).toEqual([
      undefined,
      true,
      true,
    ]);
  });

  it('depends on nothing that came earlier', async () => {
    const [, , third] = await chunksOf([[1, 1, 2, 2, 3, 3]]);
    const [, , other] = await chunksOf([[9, 8, 2, 2, 3, 3]]);
    expect(other).toEqual(third);
  });
});

describe('degraded', () => {
  it('is what holds a degraded picture, and with context what is coded in view of that', async () => {
    const pictures = [1, 1, 'degraded', 1, 1, 1, 0, 0, 1, 1] as const;
    const degraded = (chunks: readonly Chunk[]) => chunks.map(({ isDegraded }) => isDegraded);
    expect(degraded(await chunksOf([pictures], GRID))).toEqual([false, true, false, false, false]);
    expect(degraded(await chunksOf([pictures]))).toEqual([false, true, true, false, false]);
    expect(degraded(await chunksOf([['degraded', 1, 0, 0, 1, 1]]))).toEqual([true, false, false]);
    const [, , next] = await chunksOf([['degraded', 1, 1, 1], [1]]);
    expect(next).toMatchObject({ clip: 1, isDegraded: false });
  });
});

describe('as an operator', () => {
  it('completes with its source, and fails with it', async () => {
    expect(await chunksOf([])).toEqual([]);
    const failure = new Error('lost');
    await expect(
      firstValueFrom(throwError(() => failure).pipe(toMotionFields(GRID), toArray())),
    ).rejects.toBe(failure);
  });

  it('is silent while its source is, and leaves it when it is left', () => {
    const source = new Subject<ClipEvent>();
    const seen: unknown[] = [];
    NEVER.pipe(toMotionFields(GRID))
      .subscribe((event) => seen.push(event))
      .unsubscribe();
    const subscription = source.pipe(toMotionFields(GRID)).subscribe((event) => seen.push(event));
    subscription.unsubscribe();
    expect(source.observed).toBe(false);
    expect(seen).toEqual([]);
  });

  it('starts anew for each subscriber', async () => {
    const chunks$ = from([...clipOf(0, [1, 1, 2, 2])]).pipe(
      toMotionFields({ ...GRID, context: true }),
      toArray(),
    );
    const once = await firstValueFrom(chunks$);
    expect(await firstValueFrom(chunks$)).toEqual(once);
  });
});
