/** The pack's arithmetic is told in test/fixtures/make-context-pack.py. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOnnxDetokenizer } from '../../../pipeline/models/onnx-detokenizer.ts';
import {
  createTokenEncoder,
  type OnnxTokenEncoder,
  type TokenEncoderOptions,
} from '../../../pipeline/models/onnx-token-encoder.ts';
import { loadPack } from '../../../pipeline/models/pack.ts';
import { verifyPack } from '../../../pipeline/models/verify-pack.ts';
import type { ChunkFields } from '../../../pipeline/types.ts';
import { CONTEXT_PACK, copyPack, copyTinyPack } from '../../support/packs.ts';

const CELLS = 8 * 20 * 36;
const LOOK = 40 * 72;
const live = { isLive: true };
const luma = new Uint8Array(9 * LOOK);

/** Fields in which every cell moves as far; by how many of the pack's units is `steps / 5`. */
const moving = (steps: number, share = 1): ChunkFields => ({
  motion: new Float32Array(2 * CELLS).fill(0.004 * Math.sinh(steps / 5), 0, CELLS),
  mask: Uint8Array.from({ length: CELLS }, (_, cell) => (cell % 36 < 36 * share ? 1 : 0)),
});
/** The id of x and y steps. */
const idOf = (x: number, y: number): number => 32 * (x + 15) + y + 15;

const open = async (options: TokenEncoderOptions): Promise<OnnxTokenEncoder> =>
  createTokenEncoder(await loadPack(CONTEXT_PACK), { workers: 1, provider: 'cpu', ...options });

describe('an encoder of a pack whose motion has context', () => {
  let encoder: OnnxTokenEncoder;
  beforeAll(async () => {
    encoder = await open({});
  });
  afterAll(() => encoder.close());
  const idsOf = async (chunk: ChunkFields, previous?: ChunkFields): Promise<Set<number>> =>
    new Set(await encoder.encodeMotion({ ...chunk, luma, previous }, live));

  it('sees zeros and no flag where there is no chunk before', async () => {
    expect(await idsOf(moving(6))).toEqual(new Set([idOf(6, 0)]));
  });

  it('sees the fields of the chunk before, normalized, and the flag', async () => {
    expect(await idsOf(moving(6), moving(4))).toEqual(new Set([idOf(6 - 2 + 1, 1)]));
  });

  it('sees the mask of the chunk before', async () => {
    const half = await encoder.encodeMotion({ ...moving(6), luma, previous: moving(4, 2 / 9) }, live);
    expect(half).toEqual(Uint32Array.from({ length: 45 }, (_, at) => (at % 9 < 2 ? idOf(5, 1) : idOf(7, 1))));
  });

  it('forgets the chunk before with the next item', async () => {
    await idsOf(moving(6), moving(10));
    expect(await idsOf(moving(6))).toEqual(new Set([idOf(6, 0)]));
  });

  it('borrows the chunk before', async () => {
    const previous = moving(4);
    const ids = encoder.encodeMotion({ ...moving(6), luma, previous }, live);
    expect(previous.motion.length).toBe(2 * CELLS);
    previous.motion.fill(1);
    previous.mask.fill(0);
    expect(new Set(await ids)).toEqual(new Set([idOf(5, 1)]));
  });

  it('refuses a chunk before of a wrong size', async () => {
    const previous = { motion: new Float32Array(4), mask: new Uint8Array(CELLS) };
    await expect(encoder.encodeMotion({ ...moving(6), luma, previous }, live)).rejects.toThrow(
      `a chunk must hold ${2 * CELLS} values, got 4`,
    );
  });
});

it('in a batch each chunk has its own chunk before, or none', async () => {
  await using encoder = await open({ batchSize: 4, batchWaitMs: 1000 });
  expect(encoder.batch).toEqual({ size: 4, reason: 'neighbours change no id in any slot' });
  const before = [4, undefined, 8, undefined];
  for (const turn of [before, before.toReversed()]) {
    const ids = await Promise.all(
      turn.map((steps) =>
        encoder.encodeMotion({ ...moving(6), luma, previous: steps ? moving(steps) : undefined }, live),
      ),
    );
    const expected = turn.map((steps) => (steps ? idOf(6 - steps / 2 + 1, 1) : idOf(6, 0)));
    expect(ids.map((each) => new Set(each))).toEqual(expected.map((id) => new Set([id])));
  }
});

describe('a decoder of a pack whose motion has context', () => {
  const idsOf = (x: number, y: number): number[] => new Array<number>(45).fill(idOf(x, y));
  const stepsOf = (motion: Float32Array): number[] => [
    5 * Math.asinh(motion[0]! / 0.004),
    5 * Math.asinh(motion[CELLS]! / 0.007),
  ];

  it('sees zeros and no flag where there is no chunk before, else its ids', async () => {
    await using detokenizer = await createOnnxDetokenizer(await loadPack(CONTEXT_PACK));
    const [x, y] = stepsOf(await detokenizer.decodeMotion(idsOf(6, 0), { previousIds: undefined }));
    expect(x).toBeCloseTo(6, 4);
    expect(y).toBeCloseTo(0, 4);
    const [nextX, nextY] = stepsOf(await detokenizer.decodeMotion(idsOf(5, 1), { previousIds: idsOf(4, 0) }));
    expect(nextX).toBeCloseTo(6, 4);
    expect(nextY).toBeCloseTo(0, 4);
  });

  it('refuses ids of a chunk before that are no ids of the pack', async () => {
    await using detokenizer = await createOnnxDetokenizer(await loadPack(CONTEXT_PACK));
    await expect(detokenizer.decodeMotion(idsOf(0, 0), { previousIds: [1, 2] })).rejects.toThrow(
      'ids must be 45, got 2',
    );
    await expect(
      detokenizer.decodeMotion(idsOf(0, 0), { previousIds: new Array<number>(45).fill(1024) }),
    ).rejects.toThrow('ids must be 0 to 1023, got 1024');
  });
});

describe('a pack', () => {
  it('whose graphs take the chunk before is as its manifest says', async () => {
    await expect(verifyPack(await loadPack(CONTEXT_PACK))).resolves.toBeUndefined();
  });

  it('that claims context must have it in its graphs', async () => {
    await using copy = await copyTinyPack();
    await copy.edit((manifest) => {
      manifest.motion.context = true;
    });
    await expect(verifyPack(await loadPack(copy.folder))).rejects.toThrow(
      'input names must be motion, mask, previousMotion, previousMask, hasPrevious, got motion, mask',
    );
  });

  it('whose graphs take the chunk before must say so', async () => {
    await using copy = await copyPack(CONTEXT_PACK);
    await copy.edit((manifest) => {
      manifest.motion.context = false;
    });
    await expect(verifyPack(await loadPack(copy.folder))).rejects.toThrow(
      'motion-encoder.onnx: input names must be motion, mask, luma, got',
    );
  });
});
