import { describe, expect, it } from 'vitest';
import { cellsOf } from '../../../client-sdk/protocol/positions.ts';
import { createEncoderEngine } from '../../../pipeline/models/encoder-engine.ts';
import { loadPack } from '../../../pipeline/models/pack.ts';
import { copyPack, DYNAMIC_PACK } from '../../support/packs.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const SIDE = 256;
const CPU = { provider: 'cpu', threads: 1, batchSize: 1 };

/** Grey cells of 16x16 px, each a checkerboard of its own contrast: 0 is flat, 1 is black and white. */
function checkered(contrasts: readonly number[]): Uint8Array {
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  for (let at = 0; at < pixels.length; at++) {
    const [x, y] = [Math.floor(at / 3) % SIDE, Math.floor(at / (3 * SIDE))];
    const contrast = contrasts[(y >> 4) * 16 + (x >> 4)]!;
    pixels[at] = Math.round(127.5 + ((x + y) % 2 === 0 ? 127.5 : -127.5) * contrast);
  }
  return pixels;
}

async function cellsKept(
  contrasts: readonly number[],
  budget: { threshold: number; cap: number },
): Promise<number[]> {
  const options = { ...CPU, budget: { tokens: 0, ...budget } };
  await using engine = await createEncoderEngine(await loadPack(DYNAMIC_PACK), options);
  const [item] = await engine.encode([{ kind: 'keyframe', pixels: checkered(contrasts) }]);
  expect(item!.ids).toHaveLength(cellsOf(item!.positions!).length);
  return cellsOf(item!.positions!);
}

describe('the encoder of a pack of dynamic length', () => {
  const random = seededRandom(5);
  const contrasts = Array.from({ length: 256 }, () => random());
  // Pixels are normalized to [-1, 1], where a checkerboard's variance is its contrast squared, in each of three channels.
  const scores = contrasts.map((contrast) => 3 * contrast ** 2);
  const ranked = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!);
  const sorted = (cells: readonly number[]): number[] => [...cells].sort((a, b) => a - b);

  it('keeps what scores above the threshold', async () => {
    const above = ranked.filter((cell) => scores[cell]! > 0.5);
    expect(above.length).toBeGreaterThan(100);
    expect(await cellsKept(contrasts, { threshold: 0.5, cap: 256 })).toEqual(sorted(above));
  });

  it('keeps the best where more than the cap score above the threshold', async () => {
    expect(await cellsKept(contrasts, { threshold: 0.5, cap: 33 })).toEqual(sorted(ranked.slice(0, 33)));
  });

  it('keeps the first of equals', async () => {
    const equal = new Array<number>(256).fill(0.5);
    expect(await cellsKept(equal, { threshold: 0, cap: 10 })).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('keeps nothing of a plain wall, and all of it without a threshold', async () => {
    const plain = new Array<number>(256).fill(0);
    expect(await cellsKept(plain, { threshold: 0.01, cap: 256 })).toEqual([]);
    expect(await cellsKept(plain, { threshold: -1, cap: 256 })).toHaveLength(256);
  });

  it('is refused where it gives an id beyond its codebook', async () => {
    await using copy = await copyPack(DYNAMIC_PACK);
    await copy.edit((manifest) => {
      manifest.visual.codebookSize = 100;
    });
    const options = { ...CPU, budget: { tokens: 0, threshold: -1, cap: 256 } };
    await using engine = await createEncoderEngine(await loadPack(copy.folder), options);
    const white = new Uint8Array(SIDE * SIDE * 3).fill(255);
    await expect(engine.encode([{ kind: 'keyframe', pixels: white }])).rejects.toThrow(
      'ids must be -1 to 99, got 4095',
    );
  });
});
