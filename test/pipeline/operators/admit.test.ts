import { firstValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { micros, millis } from '../../../client-sdk/protocol/units.ts';
import { AdmissionWindow } from '../../../pipeline/operators/admission-window.ts';
import { admit } from '../../../pipeline/operators/admit.ts';
import type { AdmittedEvent, DemuxEvent } from '../../../pipeline/types.ts';

const FRAME = 40_000;
const unit = (index: number, isKeyframe = false): DemuxEvent => ({
  type: 'unit',
  unit: { index, data: new Uint8Array(10), pts: micros(index * FRAME), isKeyframe, received: millis(0) },
});
const key = (index: number): DemuxEvent => unit(index, true);
const roomy = (): AdmissionWindow => new AdmissionWindow({ units: 1000, bytes: 1e6 });

async function* events(list: readonly DemuxEvent[]): AsyncGenerator<DemuxEvent> {
  yield* list;
}

/** A short form of what was admitted: unit numbers, `d` where degraded, gaps with reason, range in pictures and count. */
const short = (event: AdmittedEvent): string => {
  switch (event.type) {
    case 'unit':
      return `${event.unit.index}${event.unit.isDegraded ? 'd' : ''}`;
    case 'gap':
      return `${event.reason}[${event.from / FRAME},${event.to / FRAME})x${event.dropped}`;
    default:
      return event.type;
  }
};

const admitted = async (
  list: readonly DemuxEvent[],
  window = roomy(),
  delivery: 'live' | 'complete' = 'live',
): Promise<string[]> => {
  const options = { delivery, window, chunkDuration: micros(80_000) };
  return (await firstValueFrom(admit(events(list), options).pipe(toArray()))).map(short);
};

describe('admit', () => {
  it('passes units on from the first keyframe and tells what came before it', async () => {
    expect(await admitted([unit(0), unit(1), key(2), unit(3)])).toEqual(['no-keyframe[0,2)x2', '2', '3']);
    expect(await admitted([key(0), unit(1)])).toEqual(['0', '1']);
  });

  it('tells of units that no keyframe followed', async () => {
    expect(await admitted([unit(0), unit(1)])).toEqual(['no-keyframe[0,2)x2']);
    expect(await admitted([])).toEqual([]);
  });

  it('marks what depends on a lost unit, from the first unit after it up to the next keyframe', async () => {
    expect(
      await admitted([key(0), unit(1), { type: 'loss', dropped: 1 }, unit(3), unit(4), key(5), unit(6)]),
    ).toEqual(['0', '1', 'loss', '3d', '4d', '5', '6']);
  });

  it('marks the leading pictures of the keyframe after a loss, which refer to what came before it', async () => {
    const leading = {
      type: 'unit',
      unit: { ...(unit(6) as { unit: object }).unit, pts: micros(4 * FRAME) },
    } as DemuxEvent;
    const list: DemuxEvent[] = [key(0), { type: 'loss', dropped: 1 }, unit(2), key(5), leading, unit(7)];
    expect(await admitted(list)).toEqual(['0', 'loss', '2d', '5', '6d', '7']);
    // Without a loss they are whole.
    expect(await admitted([key(0), unit(1), key(5), leading, unit(7)])).toEqual(['0', '1', '5', '6', '7']);
  });

  it('drops up to the newest keyframe while a live stream’s window is full, in one gap', async () => {
    // Nothing is given back here, so that the window stays full once it is.
    const window = new AdmissionWindow({ units: 2, bytes: 1e6 });
    window.ensureUnits = () => undefined;
    const list = [key(0), unit(1), unit(2), key(3), unit(4)];
    expect(await admitted(list, window)).toEqual(['0', '1', 'overload[2,5)x3']);
  });

  it('resumes at the first keyframe for which there is room', async () => {
    const window = new AdmissionWindow({ units: 2, bytes: 1e6 });
    window.ensureUnits = () => undefined;
    async function* source(): AsyncGenerator<DemuxEvent> {
      yield* [key(0), unit(1), unit(2), key(3)];
      window.sequenced(1);
      yield* [unit(4), key(5), unit(6)];
    }
    const options = { delivery: 'live', window, chunkDuration: micros(80_000) } as const;
    const result = await firstValueFrom(admit(source(), options).pipe(toArray()));
    expect(result.map(short)).toEqual(['0', '1', 'overload[2,5)x3', '5', '6']);
  });

  it('reads no further while the window of a complete delivery is full', async () => {
    const window = new AdmissionWindow({ units: 2, bytes: 1e6 });
    window.ensureUnits = () => undefined;
    let pulled = 0;
    async function* source(): AsyncGenerator<DemuxEvent> {
      for (let index = 0; index < 5; index++) {
        pulled += 1;
        yield unit(index, index === 0);
      }
    }
    const seen: string[] = [];
    const options = { delivery: 'complete', window, chunkDuration: micros(80_000) } as const;
    const done = new Promise<void>((resolve) => {
      admit(source(), options).subscribe({ next: (event) => seen.push(short(event)), complete: resolve });
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect({ pulled, seen }).toEqual({ pulled: 3, seen: ['0', '1'] });
    for (let index = 0; index < 5; index++) {
      window.sequenced(index);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await done;
    expect(seen).toEqual(['0', '1', '2', '3', '4']);
  });

  it('holds at least two chunks, whatever the rate of the pictures', async () => {
    const window = new AdmissionWindow({ units: 2, bytes: 1e6 });
    const list = [key(0), unit(1), unit(2), unit(3), unit(4), unit(5)];
    expect(await admitted(list, window)).toEqual(['0', '1', '2', '3', '4', '5']);
  });

  it('ends the source when nobody listens any more', async () => {
    let isReturned = false;
    async function* source(): AsyncGenerator<DemuxEvent> {
      try {
        for (let index = 0; ; index++) {
          yield key(index);
          await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        isReturned = true;
      }
    }
    const options = { delivery: 'live', window: roomy(), chunkDuration: micros(80_000) } as const;
    const subscription = admit(source(), options).subscribe();
    await new Promise((resolve) => setImmediate(resolve));
    subscription.unsubscribe();
    await expect.poll(() => isReturned).toBe(true);
  });

  it('passes a failure of the source on', async () => {
    async function* source(): AsyncGenerator<DemuxEvent> {
      yield key(0);
      throw new Error('broken');
    }
    const options = { delivery: 'live', window: roomy(), chunkDuration: micros(80_000) } as const;
    await expect(firstValueFrom(admit(source(), options).pipe(toArray()))).rejects.toThrow('broken');
  });
});
