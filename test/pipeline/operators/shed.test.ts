import { firstValueFrom, from, map, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ClipControl } from '../../../pipeline/operators/clip-control.ts';
import { shed } from '../../../pipeline/operators/shed.ts';
import type { Chunk, Keyframe } from '../../../pipeline/types.ts';

const keyframe = (clip: number) => ({ type: 'keyframe', clip }) as Keyframe;
const chunk = (clip: number, number: number) => ({ type: 'chunk', clip, chunk: number }) as Chunk;

/** Sheds items of which each finds the backlog beside it. */
const run = async (items: readonly (readonly [Keyframe | Chunk, backlog: number])[]) => {
  const control = new ClipControl();
  let backlog = 0;
  const source = from(items).pipe(
    map(([item, found]) => {
      backlog = found;
      return item;
    }),
  );
  const result = await firstValueFrom(
    source.pipe(shed({ backlog: () => backlog, capacity: 4, control }), toArray()),
  );
  return { types: result.map((event) => event.type), isAsked: control.takeRequest() };
};

describe('shed', () => {
  it('passes everything on while inference keeps up', async () => {
    expect(
      await run([
        [keyframe(0), 3],
        [chunk(0, 0), 3],
      ]),
    ).toEqual({ types: ['keyframe', 'chunk'], isAsked: false });
  });

  it('drops motion first, with all of its clip that follows, and asks for a keyframe', async () => {
    expect(
      await run([
        [keyframe(0), 4],
        [chunk(0, 0), 4],
        [chunk(0, 1), 0],
        [keyframe(1), 0],
        [chunk(1, 0), 0],
      ]),
    ).toEqual({ types: ['keyframe', 'omission', 'omission', 'keyframe', 'chunk'], isAsked: true });
  });

  it('drops keyframes only at twice the backlog', async () => {
    expect(
      await run([
        [keyframe(0), 7],
        [keyframe(1), 8],
      ]),
    ).toEqual({ types: ['keyframe', 'omission'], isAsked: true });
  });
});
