import { describe, expect, expectTypeOf, it } from 'vitest';
import type {
  Message,
  MotionMessage,
  StartMessage,
  VisualMessage,
} from '../../../client-sdk/protocol/messages.ts';
import type { Grid } from '../../../client-sdk/protocol/positions.ts';
import type { Detokenizer, Geometry } from '../../../client-sdk/reconstruct/detokenizer.ts';
import { type ReconstructedPicture, Reconstructor } from '../../../client-sdk/reconstruct/reconstructor.ts';
import { EPOCH, START } from '../arbitrary-messages.ts';

const GEOMETRY: Geometry = {
  visual: { width: 64, height: 48, columns: 16, rows: 16 },
  motion: { columns: 36, rows: 20, fieldsPerChunk: 8, fieldsPerSecond: 12 },
};
const { width, height } = GEOMETRY.visual;
const { fieldsPerChunk } = GEOMETRY.motion;
const CELLS = GEOMETRY.motion.columns * GEOMETRY.motion.rows;

/** A keyframe whose bytes follow from the first id: red steps with x, green with y, blue is the id. */
function keyframeOf(id: number): Float32Array {
  const planes = new Float32Array(3 * width * height);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    planes[pixel] = ((pixel % width) * 4) / 255;
    planes[width * height + pixel] = (Math.floor(pixel / width) * 5) / 255;
    planes[2 * width * height + pixel] = id / 255;
  }
  return planes;
}

/** Fields whose displacement in px is the chunk's two ids, less 100. */
function motionOf(ids: ArrayLike<number>): Float32Array {
  const motion = new Float32Array(2 * fieldsPerChunk * CELLS);
  motion.fill((Number(ids[0]) - 100) / width, 0, fieldsPerChunk * CELLS);
  motion.fill((Number(ids[1]) - 100) / height, fieldsPerChunk * CELLS);
  return motion;
}

const detokenizer: Detokenizer = {
  geometry: GEOMETRY,
  decodeKeyframe: (ids) => Promise.resolve(keyframeOf(Number(ids[0]))),
  decodeMotion: (ids) => Promise.resolve(motionOf(ids)),
};

const timed = { epoch: EPOCH, received: 0, emitted: 0 };
const visual = (extra: Partial<VisualMessage> = {}): VisualMessage => ({
  ...{ type: 'visual', ...timed, seq: 1, pts: 1_000_000, clip: 0, shot: 0, keyframe: 'coded', ids: [7] },
  ...extra,
});
const motion = (extra: Partial<MotionMessage> = {}): MotionMessage => ({
  ...{ type: 'motion', ...timed, seq: 2, pts: 1_000_000, clip: 0, chunk: 0, fields: 8, duration: 666_667 },
  ...{ ids: [102, 100] },
  ...extra,
});

async function picturesOf(
  messages: readonly Message[],
  port: Detokenizer = detokenizer,
): Promise<ReconstructedPicture[]> {
  const reconstructor = Reconstructor.create({ detokenizer: port });
  const pictures: ReconstructedPicture[] = [];
  for (const message of [START, ...messages]) pictures.push(...(await reconstructor.push(message)));
  return pictures;
}

/** The picture of `keyframeOf(7)` moved right and down by whole px, its edges drawn out. */
function moved(rightPx: number, downPx: number): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = (y * width + x) * 3;
      rgb[at] = Math.min(width - 1, Math.max(0, x - rightPx)) * 4;
      rgb[at + 1] = Math.min(height - 1, Math.max(0, y - downPx)) * 5;
      rgb[at + 2] = 7;
    }
  }
  return rgb;
}

describe('Reconstructor', () => {
  it('shows the keyframe itself at its time', async () => {
    const pictures = await picturesOf([visual()]);
    expect(pictures).toEqual([{ pts: 1_000_000, rgb: moved(0, 0), isKeyframe: true }]);
  });

  it('shows a field every tick of the clock after the keyframe, over the chunks of the clip', async () => {
    const pictures = await picturesOf([
      visual(),
      motion(),
      motion({ chunk: 1, pts: 1_666_667, fields: 2, duration: 166_667 }),
    ]);
    expect(pictures.map(({ pts }) => pts - 1_000_000)).toEqual([
      0, 83_333, 166_667, 250_000, 333_333, 416_667, 500_000, 583_333, 666_667, 750_000, 833_333,
    ]);
    expect(pictures.map(({ isKeyframe }) => isKeyframe)).toEqual([
      true,
      ...new Array<boolean>(10).fill(false),
    ]);
  });

  it('shifts exactly by whole px, and adds up over fields and chunks', async () => {
    const second = motion({ chunk: 1, ids: [99, 103], fields: 4 });
    const pictures = await picturesOf([visual(), motion(), second]);
    pictures.forEach(({ rgb }, index) => {
      const before = Math.min(8, index);
      const after = Math.max(0, index - 8);
      // The edge that comes into the picture is not known; what comes back after leaving is.
      expect(inner(rgb, 2 * before), `picture ${index}`).toEqual(
        inner(moved(2 * before - after, 3 * after), 2 * before),
      );
    });
    expect(pictures).toHaveLength(13);
  });

  it('repeats the same bytes for a still chunk', async () => {
    const pictures = await picturesOf([
      visual(),
      motion({ fields: 3 }),
      motion({ chunk: 1, ids: [], fields: 5 }),
    ]);
    expect(pictures).toHaveLength(9);
    for (const { rgb } of pictures.slice(4)) expect(rgb).toEqual(pictures[3]?.rgb);
  });

  it('shows nothing past the end of a chunk', async () => {
    const pictures = await picturesOf([visual(), motion({ fields: 2, duration: 100_000 })]);
    expect(pictures.map(({ pts }) => pts)).toEqual([1_000_000, 1_083_333, 1_100_000]);
  });

  it.each([
    ['motion without its visual', [motion()]],
    ['motion of another clip', [visual(), motion({ clip: 1 })]],
    ['motion of another epoch', [visual(), motion({ epoch: '01JD8Z6V9K3M5N7P9Q1R3S5T7W' })]],
    ['a chunk that does not follow', [visual(), motion({ chunk: 1 })]],
    ['what follows a chunk that is missing', [visual(), motion({ chunk: 1 }), motion()]],
    [
      'motion after a gap',
      [visual(), { type: 'gap', epoch: EPOCH, seq: 2, from: 1, to: 2, reason: 'loss', dropped: 1 }, motion()],
    ],
    ['motion after a skip', [visual(), { type: 'skip', from: 'a', to: 'b', reason: 'expired' }, motion()]],
    ['motion after the end', [visual(), { type: 'end', epoch: EPOCH, seq: 2, reason: 'finished' }, motion()]],
  ] as const satisfies [string, Message[]][])('holds the picture for %s', async (_, messages) => {
    const pictures = await picturesOf(messages);
    expect(pictures.filter(({ isKeyframe }) => !isKeyframe)).toEqual([]);
  });

  it('decodes a chunk in view of the one before in its clip, and of no other', async () => {
    const other = '01JD8Z6V9K3M5N7P9Q1R3S5T7W';
    const gap = { type: 'gap', epoch: EPOCH, seq: 2, from: 1, to: 2, reason: 'loss', dropped: 1 } as const;
    const seen: (readonly [number, number | undefined])[] = [];
    const noting: Detokenizer = {
      ...detokenizer,
      decodeMotion: (ids, { previousIds }) => {
        seen.push([Number(ids[0]), previousIds && Number(previousIds[0])]);
        return Promise.resolve(motionOf(ids));
      },
    };
    await picturesOf(
      [
        visual(),
        ...[1, 2, 3].map((id, chunk) => motion({ chunk, ids: [id, 100] })),
        motion({ chunk: 3, ids: [] }),
        ...[4, 5].map((id, index) => motion({ chunk: 4 + index, ids: [id, 100] })),
        visual({ clip: 1 }),
        motion({ clip: 1, ids: [6, 100] }),
        gap,
        motion({ clip: 1, chunk: 1, ids: [7, 100] }),
        visual({ clip: 2 }),
        motion({ clip: 2, ids: [8, 100] }),
        { ...START, replay: true },
        motion({ clip: 2, chunk: 1, ids: [9, 100] }),
        { ...START, epoch: other },
        visual({ epoch: other }),
        motion({ epoch: other, ids: [10, 100] }),
      ],
      noting,
    );
    expect(seen).toEqual([
      [1, undefined],
      [2, 1],
      [3, 2],
      [4, undefined],
      [5, 4],
      [6, undefined],
      [8, undefined],
      [9, 8],
      [10, undefined],
    ]);
  });

  it('shows what is degraded', async () => {
    const pictures = await picturesOf([visual({ degraded: true }), motion({ degraded: true, fields: 2 })]);
    expect(pictures).toHaveLength(3);
  });

  it('starts again at the next keyframe', async () => {
    const pictures = await picturesOf([
      motion(),
      visual({ clip: 4, ids: [9] }),
      motion({ clip: 4, fields: 1 }),
    ]);
    expect(pictures.map(({ rgb }) => rgb[2])).toEqual([9, 9]);
  });

  it('keeps a clip open over a start that is sent again', async () => {
    const pictures = await picturesOf([visual(), { ...START, replay: true }, motion({ fields: 1 })]);
    expect(pictures).toHaveLength(2);
  });

  it('refuses a start of another geometry', async () => {
    const reconstructor = Reconstructor.create({ detokenizer });
    await expect(reconstructor.push({ ...START, motionFps: 6 })).rejects.toThrow(
      /geometry is not that of pack tiny/,
    );
  });

  it('decodes keyframes on the grid that the newest start tells, where the pack has several', async () => {
    const grids: (Grid | undefined)[] = [];
    const small = { columns: 12, rows: 9 };
    const port: Detokenizer = {
      ...detokenizer,
      geometry: { ...GEOMETRY, visual: { ...GEOMETRY.visual, ladder: [small, { columns: 16, rows: 16 }] } },
      decodeKeyframe: (ids, context) => {
        grids.push(context?.grid);
        return detokenizer.decodeKeyframe(ids);
      },
    };
    const startAt = (grid: Grid): StartMessage => ({
      ...START,
      layout: { ...START.layout, visual: { ...START.layout.visual, ...grid } },
    });
    await picturesOf([visual(), startAt(small), visual(), motion(), visual()], port);
    expect(grids).toMatchObject([{ columns: 16, rows: 16 }, small, small]);
    for (const grid of [
      { columns: 9, rows: 12 },
      { columns: 12, rows: 12 },
    ])
      await expect(picturesOf([startAt(grid)], port)).rejects.toThrow(/geometry is not that of pack tiny/);
    await expect(picturesOf([startAt(small)])).rejects.toThrow(/geometry is not that of pack tiny/);
  });

  it('rejects with what the detokenizer rejects with', async () => {
    const failure = new Error('out of memory');
    const reconstructor = Reconstructor.create({
      detokenizer: { ...detokenizer, decodeKeyframe: () => Promise.reject(failure) },
    });
    await expect(reconstructor.push(visual())).rejects.toBe(failure);
  });

  it('takes any message of the wire', () => {
    expectTypeOf<Reconstructor['push']>().parameter(0).toEqualTypeOf<Message>();
    expectTypeOf<Reconstructor['push']>().returns.resolves.toEqualTypeOf<readonly ReconstructedPicture[]>();
  });
});

/** The picture without a border of some px. */
function inner(rgb: Uint8Array, borderPx: number): number[][] {
  const rows: number[][] = [];
  for (let y = borderPx; y < height - borderPx; y += 1) {
    const at = y * width * 3;
    rows.push([...rgb.subarray(at + borderPx * 3, at + (width - borderPx) * 3)]);
  }
  return rows;
}
