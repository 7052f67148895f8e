import { describe, expect, it } from 'vitest';
import { positionsOf } from '../../../client-sdk/protocol/positions.ts';
import { DisposedError, ModelError } from '../../../pipeline/errors.ts';
import { createOnnxDetokenizer } from '../../../pipeline/models/onnx-detokenizer.ts';
import { loadPack } from '../../../pipeline/models/pack.ts';
import { DYNAMIC_PACK, LADDER, LADDER_PACK, TINY_PACK } from '../../support/packs.ts';

const GRID = { columns: 16, rows: 16 };
const visualIds = (id: number): Uint32Array => new Uint32Array(256).fill(id);
const motionIds = (id: number): Uint32Array => new Uint32Array(45).fill(id);
/** Of the first chunk of a clip. */
const first = { previousIds: undefined };

describe('createOnnxDetokenizer', () => {
  it('gives pixels in planes of [0, 1] and motion as fractions of the picture', async () => {
    await using detokenizer = await createOnnxDetokenizer(await loadPack(TINY_PACK));
    const pixels = await detokenizer.decodeKeyframe(visualIds(15 * 256 + 3));
    expect(pixels.length).toBe(3 * 256 * 256);
    expect([pixels[0], pixels[256 * 256], pixels[2 * 256 * 256]]).toEqual([1, 0, Math.fround(0.2)]);
    const motion = await detokenizer.decodeMotion(motionIds(32 * 20 + 10), first);
    expect(motion.length).toBe(2 * 8 * 20 * 36);
    expect(motion[0]).toBeCloseTo(0.004 * Math.sinh(1), 7);
    expect(motion.at(-1)).toBeCloseTo(-0.007 * Math.sinh(1), 7);
  });

  it('tells the geometry of its pack', async () => {
    await using detokenizer = await createOnnxDetokenizer(await loadPack(TINY_PACK));
    expect(detokenizer.geometry).toEqual({
      visual: { width: 256, height: 256, columns: 16, rows: 16 },
      motion: { columns: 36, rows: 20, fieldsPerChunk: 8, fieldsPerSecond: 12 },
    });
  });

  it('gives arrays that later calls leave alone, also where calls overlap', async () => {
    await using detokenizer = await createOnnxDetokenizer(await loadPack(TINY_PACK));
    const [white, black] = await Promise.all([
      detokenizer.decodeKeyframe(visualIds(4095)),
      detokenizer.decodeKeyframe(visualIds(0)),
    ]);
    expect(white.every((value) => value === 1)).toBe(true);
    expect(black.every((value) => value === 0)).toBe(true);
  });

  it('refuses ids that are no ids of the pack', async () => {
    await using detokenizer = await createOnnxDetokenizer(await loadPack(TINY_PACK));
    await expect(detokenizer.decodeKeyframe(visualIds(4096))).rejects.toThrow(
      'ids must be 0 to 4095, got 4096',
    );
    await expect(detokenizer.decodeKeyframe([1, 2])).rejects.toThrow('ids must be 256, got 2');
    await expect(detokenizer.decodeMotion(motionIds(0xffff_ffff), first)).rejects.toBeInstanceOf(ModelError);
    expect((await detokenizer.decodeMotion(motionIds(0), first)).length).toBe(2 * 8 * 20 * 36);
  });

  it('shows ids of a dynamic pack in the cells of their bitmap, and nothing where there is none', async () => {
    await using detokenizer = await createOnnxDetokenizer(await loadPack(DYNAMIC_PACK));
    const pixels = await detokenizer.decodeKeyframe([4095, 0], { positions: positionsOf([1, 16], GRID) });
    const centre = (cell: number) => pixels[((cell >> 4) * 16 + 8) * 256 + (cell & 15) * 16 + 8];
    expect([0, 1, 2, 16, 17].map(centre)).toEqual([0.5, 1, 0.5, 0, 0.5]);
    const positions = positionsOf([], GRID);
    expect(new Set(await detokenizer.decodeKeyframe([], { positions }))).toEqual(new Set([0.5]));
    expect(new Set(await detokenizer.decodeKeyframe(visualIds(4095)))).toEqual(new Set([1]));
  });

  it.each([
    ['a bitmap of another grid', [1], 'AQ==', 'positions must have 32 bytes for 256 cells, got 1'],
    ['more cells than ids', [1], positionsOf([1, 2], GRID), 'positions must name 1 cells'],
    ['fewer cells than ids', [1, 2], positionsOf([1], GRID), 'positions must name 2 cells'],
    ['ids without a bitmap', [1, 2], undefined, 'ids must be 256, got 2'],
    ['an id beyond the codebook', [4096], positionsOf([1], GRID), 'ids must be 0 to 4095, got 4096'],
    ['an id that is no token', [-1], positionsOf([1], GRID), 'ids must be 0 to 4095, got -1'],
    ['an id of 32 bits', [0xffff_ffff], positionsOf([1], GRID), 'ids must be 0 to 4095, got 4294967295'],
    ['an id that is no number', [Number.NaN], positionsOf([1], GRID), 'ids must be 0 to 4095, got NaN'],
  ])('refuses %s', async (_, ids, positions, message) => {
    await using detokenizer = await createOnnxDetokenizer(await loadPack(DYNAMIC_PACK));
    const decoding = detokenizer.decodeKeyframe(ids, { positions });
    await expect(decoding).rejects.toBeInstanceOf(ModelError);
    await expect(decoding).rejects.toThrow(message);
  });

  it('refuses empty cells of a pack of fixed length', async () => {
    await using detokenizer = await createOnnxDetokenizer(await loadPack(TINY_PACK));
    const positions = positionsOf([1], GRID);
    await expect(detokenizer.decodeKeyframe([4095], { positions })).rejects.toThrow(
      'ids must be one for each of 256 cells, got 1',
    );
  });

  it('shows ids on any grid of a ladder, and on the largest where none is named', async () => {
    await using detokenizer = await createOnnxDetokenizer(await loadPack(LADDER_PACK));
    expect(detokenizer.geometry.visual).toEqual({ width: 256, height: 256, ...GRID, ladder: LADDER });
    for (const grid of LADDER) {
      const { columns, rows } = grid;
      const ids = Array.from({ length: columns * rows }, (_, cell) => (cell * 37) % 4096);
      const pixels = await detokenizer.decodeKeyframe(ids, { grid });
      const shown = ids.map((_, cell) => {
        const [x, y] = [(cell % columns) + 0.5, Math.floor(cell / columns) + 0.5];
        const at = Math.floor((y * 256) / rows) * 256 + Math.floor((x * 256) / columns);
        const [red, green, blue] = [0, 1, 2].map((channel) =>
          Math.round(15 * pixels[channel * 65_536 + at]!),
        );
        return 256 * red! + 16 * green! + blue!;
      });
      expect(shown, `${columns}x${rows}`).toEqual(ids);
      if (columns === 16) expect(await detokenizer.decodeKeyframe(ids)).toEqual(pixels);
    }
  });

  it.each([
    ['a grid of as many ids', { columns: 9, rows: 12 }, 108, 'got 9x12 (108)'],
    ['too few ids', { columns: 12, rows: 9 }, 64, 'ids must be 108, got 64'],
    ['too many ids', { columns: 12, rows: 9 }, 256, 'ids must be 108, got 256'],
  ])('refuses %s of a ladder', async (_, grid, count, message) => {
    await using detokenizer = await createOnnxDetokenizer(await loadPack(LADDER_PACK));
    const decoding = detokenizer.decodeKeyframe(new Uint32Array(count), { grid });
    await expect(decoding).rejects.toBeInstanceOf(ModelError);
    await expect(decoding).rejects.toThrow(message);
  });

  it('refuses a grid that a pack without a ladder does not have', async () => {
    await using detokenizer = await createOnnxDetokenizer(await loadPack(TINY_PACK));
    const grid = { columns: 8, rows: 8 };
    await expect(detokenizer.decodeKeyframe(new Uint32Array(64), { grid })).rejects.toThrow(
      'a keyframe must be 16x16 (256), got 8x8 (64)',
    );
  });

  it('ends once, after the run in flight', async () => {
    const detokenizer = await createOnnxDetokenizer(await loadPack(TINY_PACK));
    const running = detokenizer.decodeKeyframe(visualIds(4095));
    const closing = detokenizer[Symbol.asyncDispose]();
    expect(detokenizer[Symbol.asyncDispose]()).toBe(closing);
    expect((await running)[0]).toBe(1);
    await closing;
    await expect(detokenizer.decodeKeyframe(visualIds(0))).rejects.toBeInstanceOf(DisposedError);
  });
});
