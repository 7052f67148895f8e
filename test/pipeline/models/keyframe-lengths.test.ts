import { describe, expect, it } from 'vitest';
import { cellsOf } from '../../../client-sdk/protocol/positions.ts';
import { idOf, live, noisy, openEncoder, PIXELS, plain } from '../../support/encoder-items.ts';
import { COUPLED_DYNAMIC_PACK, DYNAMIC_PACK, LADDER, LADDER_PACK, TINY_PACK } from '../../support/packs.ts';

describe('a pack of dynamic length', () => {
  it('gives ids with their cells by the default of the pack', async () => {
    await using encoder = await openEncoder(DYNAMIC_PACK, { workers: 1, provider: 'cpu' });
    expect(encoder.keyframeTokens).toBe(128);
    const { ids, positions } = await encoder.encodeKeyframe(noisy(1), live);
    expect(ids.length).toBe(256);
    expect(cellsOf(positions!)).toHaveLength(256);
    const flat = await encoder.encodeKeyframe(plain(255, 128, 0), live);
    expect(flat).toEqual({ ids: new Uint32Array(), positions: Buffer.alloc(32).toString('base64') });
  });

  it('gives at most twice as many as were asked for, in batches too', async () => {
    await using encoder = await openEncoder(DYNAMIC_PACK, {
      workers: 1,
      provider: 'cpu',
      batchSize: 4,
      keyframeTokens: 40,
    });
    expect(encoder).toMatchObject({ keyframeTokens: 40, batch: { size: 4 } });
    const alone = await encoder.encodeKeyframe(noisy(1), live);
    expect(alone.ids.length).toBe(80);
    const together = await Promise.all([3, 1, 2].map((seed) => encoder.encodeKeyframe(noisy(seed), live)));
    expect(together[1]).toEqual(alone);
    expect(together[0]!.positions).not.toBe(alone.positions);
  });

  it('goes without batches where a neighbour changes which cells get an id', async () => {
    await using encoder = await openEncoder(COUPLED_DYNAMIC_PACK, {
      workers: 1,
      provider: 'cpu',
      batchSize: 4,
    });
    expect(encoder.batch).toEqual({
      size: 1,
      reason:
        'neighbours change ids (positions of a keyframe in slot 0 of 4 differ beside neighbours and alone)',
    });
  });

  it('is asked for a number that it does not have, or a pack of fixed length for any, and refuses', async () => {
    await expect(openEncoder(DYNAMIC_PACK, { keyframeTokens: 31 })).rejects.toMatchObject({
      code: 'bad-config',
      message: 'keyframeTokens must be a whole number of 32 to 256 for the pack pack-dynamic, got 31',
    });
    await expect(openEncoder(TINY_PACK, { keyframeTokens: 128 })).rejects.toMatchObject({
      code: 'bad-config',
      message:
        'keyframeTokens needs a pack of dynamic length or with a ladder of grids, got 128 for pack-tiny, whose keyframes have 256 ids',
    });
  });
});

describe('a pack with a ladder of grids', () => {
  const CPU = { workers: 1, provider: 'cpu' } as const;
  /** The right half green, the left one red above blue. */
  const quarters = {
    pixels: Uint8Array.from({ length: PIXELS * 3 }, (_, at) => {
      const pixel = Math.floor(at / 3);
      const left = pixel < PIXELS / 2 ? 0 : 2;
      return at % 3 === (pixel % 256 < 128 ? left : 1) ? 255 : 0;
    }),
  };

  it('gives the ids of the default grid, and tells how many', async () => {
    await using encoder = await openEncoder(LADDER_PACK, CPU);
    expect(encoder.keyframeTokens).toBe(108);
    expect(await encoder.encodeKeyframe(plain(255, 128, 0), live)).toEqual({
      ids: new Uint32Array(108).fill(idOf(255, 128, 0)),
    });
  });

  it.each(LADDER)('lays ids on $columns columns and $rows rows', async ({ columns, rows }) => {
    await using encoder = await openEncoder(LADDER_PACK, { ...CPU, keyframeTokens: columns * rows });
    const { ids } = await encoder.encodeKeyframe(quarters, live);
    expect(ids).toHaveLength(columns * rows);
    const corners = [0, columns - 1, columns * (rows - 1), columns * rows - 1].map((cell) => ids[cell]);
    expect(corners).toEqual([0xf00, 0x0f0, 0x00f, 0x0f0]);
    expect(ids.filter((id) => id === 0x0f0)).toHaveLength((columns / 2) * rows);
  });

  it('gives on the largest grid what the same net of one size gives', async () => {
    await using encoder = await openEncoder(LADDER_PACK, { ...CPU, keyframeTokens: 256 });
    await using single = await openEncoder(TINY_PACK, CPU);
    for (const seed of [1, 2])
      expect(await encoder.encodeKeyframe(noisy(seed), live)).toEqual(
        await single.encodeKeyframe(noisy(seed), live),
      );
  });

  it('takes the largest grid with no more ids than were asked for, in batches too', async () => {
    await using batched = await openEncoder(LADDER_PACK, { ...CPU, batchSize: 4, keyframeTokens: 255 });
    expect(batched).toMatchObject({ keyframeTokens: 108, batch: { size: 4 } });
    await using single = await openEncoder(LADDER_PACK, { ...CPU, keyframeTokens: 108 });
    const together = await Promise.all([3, 1, 2].map((seed) => batched.encodeKeyframe(noisy(seed), live)));
    const alone = [];
    for (const seed of [3, 1, 2]) alone.push(await single.encodeKeyframe(noisy(seed), live));
    expect(together).toEqual(alone);
    expect(together[0]!.ids).not.toEqual(together[1]!.ids);
  });

  it.each([63, 257])('refuses %i ids', async (keyframeTokens) => {
    await expect(openEncoder(LADDER_PACK, { keyframeTokens })).rejects.toMatchObject({ code: 'bad-config' });
  });
});
