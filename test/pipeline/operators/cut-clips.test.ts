import { firstValueFrom, toArray } from 'rxjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Micros, micros, millis } from '../../../client-sdk/protocol/units.ts';
import { openNodeAvDecoder } from '../../../pipeline/codec/node-av-decoder.ts';
import { livePictures } from '../../../pipeline/codec/node-av-picture.ts';
import { demux } from '../../../pipeline/demux/demux.ts';
import { Scope } from '../../../pipeline/lifetime.ts';
import { type LoadedPack, loadPack } from '../../../pipeline/models/pack.ts';
import type { TokenEncoder } from '../../../pipeline/models/token-encoder.ts';
import { admit } from '../../../pipeline/operators/admit.ts';
import { cutClips } from '../../../pipeline/operators/cut-clips.ts';
import { decodeWithMotion } from '../../../pipeline/operators/decode-with-motion.ts';
import { toMotionFields } from '../../../pipeline/operators/to-motion-fields.ts';
import { stageOptions } from '../../../pipeline/stage-options.ts';
import { createCounters } from '../../../pipeline/tokenizer.ts';
import type { DemuxEvent, Picture, TokenizableEvent } from '../../../pipeline/types.ts';
import { inPieces, readMedia } from '../../support/tokenize-bytes.ts';

const SECOND = 1_000_000;
let pack: LoadedPack;

beforeAll(async () => {
  pack = await loadPack(new URL('../../fixtures/pack-tiny', import.meta.url).pathname);
});

interface CutOptions {
  readonly clip?: { minDurationMs: number; maxDurationMs: number };
  readonly retime?: (pts: Micros) => Micros;
  readonly motion?: 'bitstream' | 'reencode';
  /** Size of the looks that the pack asks for. */
  readonly luma?: { width: number; height: number };
  readonly onPicture?: (picture: Picture) => void;
}

/** Runs a fixture through the stages up to the motion fields; nothing of it may be alive afterwards. */
async function cut(name: string, options: CutOptions = {}): Promise<TokenizableEvent[]> {
  const scope = new Scope();
  let clock = 0;
  const manifest = {
    ...pack.manifest,
    clip: options.clip ?? pack.manifest.clip,
    motion: { ...pack.manifest.motion, luma: options.luma },
  };
  const stages = stageOptions({
    stream: 'test',
    epoch: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
    delivery: 'live',
    motion: options.motion ?? 'auto',
    pack: { ...pack, manifest },
    encoder: { provider: { name: 'none', reason: 'unused' } } as TokenEncoder,
    openDecoder: openNodeAvDecoder,
    limits: { maxUnitBytes: 2 ** 24, maxPixels: 1e6, windowUnits: 1000, windowBytes: 2 ** 25 },
    counters: createCounters(),
    probe: { onUnit: () => {}, onPicture: options.onPicture ?? (() => {}), onItem: () => {} },
    scope,
    now: () => millis(clock++),
  });
  const units = retimed(demux(inPieces(await readMedia(name), 4096), stages.demux), options.retime);
  const events$ = admit(units, stages.admit).pipe(
    decodeWithMotion(stages.decode),
    cutClips(stages.cut),
    toMotionFields(stages.fields),
    toArray(),
  );
  const events = await firstValueFrom(events$);
  stages.release();
  await scope.close();
  expect(livePictures()).toBe(0);
  return events;
}

async function* retimed(
  events: AsyncIterable<DemuxEvent>,
  retime: (pts: Micros) => Micros = (pts) => pts,
): AsyncGenerator<DemuxEvent> {
  for await (const event of events) {
    yield event.type === 'unit' ? { ...event, unit: { ...event.unit, pts: retime(event.unit.pts) } } : event;
  }
}

const keyframes = (events: readonly TokenizableEvent[]) =>
  events.flatMap((event) => (event.type === 'keyframe' ? [{ pts: event.pts, kind: event.kind }] : []));
const chunks = (events: readonly TokenizableEvent[]) =>
  events.flatMap((event) =>
    event.type === 'chunk'
      ? [{ clip: event.clip, pts: event.pts, fields: event.fields, duration: event.duration }]
      : [],
  );

describe('received', () => {
  it('of a clip’s last chunk is that of the picture that showed how long it is', async () => {
    const events = await cut('city-h264-p.ts');
    const followers = events.filter((event) => event.type === 'keyframe').slice(1);
    expect(followers).toHaveLength(2);
    for (const { clip, received } of followers) {
      const last = events.findLast((event) => event.type === 'chunk' && event.clip === clip - 1);
      expect(last).toMatchObject({ received });
    }
  });
});

describe('looks', () => {
  it('are absent where the pack asks for none', async () => {
    const events = await cut('city-h264-p.ts');
    expect(events.every((event) => event.type !== 'chunk' || event.luma === undefined)).toBe(true);
  });

  it.each(['bitstream', 'reencode'] as const)(
    'are those of the last pictures at or before the ticks of each chunk: %s',
    async (motion) => {
      const luma = { width: 24, height: 16 };
      const pictures: { pts: number; luma: Promise<Uint8Array> }[] = [];
      const onPicture = (picture: Picture): void => {
        const clone = picture.clone();
        const size = { widthPx: luma.width, heightPx: luma.height };
        pictures.push({
          pts: picture.pts,
          luma: clone.toLuma(size).finally(() => clone[Symbol.dispose]()),
        });
      };
      const events = await cut('city-h264-p.ts', { motion, luma, onPicture });
      const { fieldsPerChunk, fieldsPerSecond } = pack.manifest.motion;
      const planeBytes = luma.width * luma.height;
      let planes = 0;
      for (const event of events) {
        if (event.type !== 'chunk') continue;
        for (let tick = 0; tick <= fieldsPerChunk; tick++) {
          const time = Math.round(event.pts + (Math.min(tick, event.fields) * 1e6) / fieldsPerSecond);
          const shown = pictures.findLast(({ pts }) => pts <= time);
          const plane = event.luma?.slice(tick * planeBytes, (tick + 1) * planeBytes);
          expect(plane, `tick ${tick} of the chunk at ${event.pts}`).toEqual(
            new Uint8Array((await shown?.luma) ?? []),
          );
          planes++;
        }
      }
      expect(planes).toBeGreaterThan(3 * (fieldsPerChunk + 1));
    },
  );
});

describe('cutClips', () => {
  it('starts a clip at every coded keyframe that comes no earlier than the least duration', async () => {
    // A keyframe each second.
    expect(keyframes(await cut('city-h264-p.ts'))).toEqual([
      { pts: 0, kind: 'coded' },
      { pts: SECOND, kind: 'coded' },
      { pts: 2 * SECOND, kind: 'coded' },
    ]);
  });

  it('promotes the picture after a coded keyframe that came too early, since that broke the chain of motion', async () => {
    const clip = { minDurationMs: 1500, maxDurationMs: 4000 };
    expect(keyframes(await cut('city-h264-p.ts', { clip }))).toEqual([
      { pts: 0, kind: 'coded' },
      { pts: 1_040_000, kind: 'synthetic' },
      { pts: 2_040_000, kind: 'synthetic' },
    ]);
  });

  it('promotes a picture where a clip reaches its greatest duration', async () => {
    const clip = { minDurationMs: 500, maxDurationMs: 600 };
    const found = keyframes(await cut('city-h264-p.ts', { clip }));
    expect(found.slice(0, 3)).toEqual([
      { pts: 0, kind: 'coded' },
      { pts: 600_000, kind: 'synthetic' },
      // The coded keyframe at one second comes too early and leaves nothing covered: half a second is waited for.
      { pts: 1_120_000, kind: 'synthetic' },
    ]);
  });

  it('starts a clip, announced, where the size changes', async () => {
    const events = await cut('motion-size-change.h264');
    const sizes = events.flatMap((event) =>
      event.type === 'announcement' ? [`${event.size.widthPx}x${event.size.heightPx}`] : [],
    );
    expect(sizes).toEqual(['160x96', '320x176', '240x144']);
    for (const [index, event] of events.entries()) {
      if (event.type === 'announcement') expect(events[index + 1]?.type).toBe('keyframe');
    }
  });

  it('ends a clip at a pause longer than a chunk, and has nothing to say of the pause', async () => {
    // From 1.4 s on everything comes three seconds later.
    const retime = (pts: Micros): Micros => micros(pts < 1.4 * SECOND ? pts : pts + 3 * SECOND);
    const events = await cut('city-h264-p.ts', { retime });
    expect(keyframes(events)).toEqual([
      { pts: 0, kind: 'coded' },
      { pts: SECOND, kind: 'coded' },
      { pts: 4.4 * SECOND, kind: 'synthetic' },
      { pts: 5 * SECOND, kind: 'coded' },
    ]);
    const ends = chunks(events).map(({ pts, duration }) => pts + duration);
    expect(ends.filter((end) => end > 1.5 * SECOND && end < 4.4 * SECOND)).toEqual([]);
  });

  it.each(['bitstream', 'reencode'] as const)(
    'fills chunks of the pack’s size by %s, and ends a clip’s last one early',
    async (motion) => {
      // A tick at the next keyframe itself belongs to nobody: 11 of the 12 fields of a second.
      expect(chunks(await cut('city-h264-p.ts', { motion }))).toEqual([
        { clip: 0, pts: 0, fields: 8, duration: 666_667 },
        { clip: 0, pts: 666_667, fields: 3, duration: 250_000 },
        { clip: 1, pts: SECOND, fields: 8, duration: 666_667 },
        { clip: 1, pts: 1_666_667, fields: 3, duration: 250_000 },
        { clip: 2, pts: 2 * SECOND, fields: 8, duration: 666_667 },
        // Nothing follows: the last picture is shown up to the tick at three seconds.
        { clip: 2, pts: 2_666_667, fields: 4, duration: 333_333 },
      ]);
    },
  );

  it('leaves the leading pictures of an open GOP in the clip before', async () => {
    const events = await cut('city-h264-open-gop.ts');
    const times = keyframes(events).map(({ pts }) => pts);
    expect(times.length).toBeGreaterThan(2);
    for (const chunk of chunks(events)) {
      const next = times[chunk.clip + 1];
      if (next !== undefined) expect(chunk.pts + chunk.duration).toBeLessThanOrEqual(next);
    }
  });
});
