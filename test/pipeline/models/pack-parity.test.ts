import { describe, expect, it } from 'vitest';
import { createOnnxDetokenizer } from '../../../pipeline/models/onnx-detokenizer.ts';
import { createTokenEncoder } from '../../../pipeline/models/onnx-token-encoder.ts';
import { loadPack } from '../../../pipeline/models/pack.ts';
import { type GoldenIds, readGoldens } from '../../support/pack-goldens.ts';
import { DEFAULT_PACK } from '../../support/packs.ts';

const live = { isLive: true };
const settings = { workers: 1, provider: 'cpu' } as const;

describe('the pack that ships, beside PyTorch', async () => {
  const pack = await loadPack(DEFAULT_PACK);
  const { visual, motion } = await readGoldens(DEFAULT_PACK);

  it.each(visual.grids)('gives the same keyframe ids on $columns x $rows', async (golden) => {
    const keyframeTokens = golden.columns * golden.rows;
    await using encoder = await createTokenEncoder(pack, { ...settings, keyframeTokens });
    expectAgreement((await encoder.encodeKeyframe({ pixels: visual.pixels }, live)).ids, golden);
  });

  it.each(visual.grids)(
    'decodes the same pixels from $columns x $rows',
    async ({ ids, decoded, ...grid }) => {
      await using detokenizer = await createOnnxDetokenizer(pack);
      const pixels = await detokenizer.decodeKeyframe(ids, { grid });
      decoded.forEach((value, at) => {
        const [channel, row, column] = [at >> 8, (at >> 4) & 15, at & 15];
        const got = pixels[channel * 65_536 + (row * 16 + 8) * 256 + column * 16 + 8]!;
        expect(Math.abs(got - value), `channel ${channel}, row ${row}, column ${column}`).toBeLessThan(1e-3);
      });
    },
  );

  it('gives the same motion ids', async () => {
    await using encoder = await createTokenEncoder(pack, settings);
    expectAgreement(await encoder.encodeMotion(motion.chunk, live), motion);
  });

  it('decodes the same motion', async () => {
    await using detokenizer = await createOnnxDetokenizer(pack);
    const fields = await detokenizer.decodeMotion(motion.ids, { previousIds: motion.previousIds });
    // A gate within rounding of its threshold may open on one side only.
    const far = motion.decoded.filter((value, at) => Math.abs(fields[at]! - value) > 1e-4);
    expect(far.length).toBeLessThanOrEqual(2);
  });
});

/** Sure ids are equal; of the others, one in 500 may differ, which of one item is a single one. */
function expectAgreement(ids: ArrayLike<number>, { ids: golden, isSure }: GoldenIds): void {
  expect(ids.length).toBe(golden.length);
  expect(isSure).toHaveLength(golden.length);
  expect(isSure.filter(Boolean).length / golden.length).toBeGreaterThan(0.9);
  const differing = golden.flatMap((id, at) => (ids[at] === id ? [] : [at]));
  const told = differing.map((at) => `${at}: ${ids[at]}, not ${golden[at]}`).join('; ');
  expect(
    differing.filter((at) => isSure[at]),
    told,
  ).toEqual([]);
  expect(differing.length, told).toBeLessThanOrEqual(1);
}
