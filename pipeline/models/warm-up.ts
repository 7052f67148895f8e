import type { ChunkFields } from '../types.ts';
import { ENCODE_KINDS, type EncodeItem, type EncodeKind, type EncoderEngine } from './encoder-engine.ts';
import { lumaLength, type PackManifest } from './pack-manifest.ts';
import type { EncodedItem } from './token-encoder.ts';

/** Median duration of one item, milliseconds. */
export type ItemMs = Readonly<Record<EncodeKind, number>>;

/** Runs each graph `rounds` times, once more at first, and tells how long an item of a full batch takes. */
export async function timeEngine(
  engine: EncoderEngine,
  manifest: PackManifest,
  { rounds, now }: { rounds: number; now: () => number },
): Promise<ItemMs> {
  const itemMs = async (kind: EncodeKind): Promise<number> => {
    const items = Array.from({ length: engine.batchSize }, (_, seed) => specimen(manifest, kind, seed));
    return (await medianMs(() => engine.encode(items), { rounds, now })) / engine.batchSize;
  };
  return { keyframe: await itemMs('keyframe'), motion: await itemMs('motion') };
}

/** Median duration of a run, milliseconds, of `rounds` after one that does not count. */
export async function medianMs(
  run: () => Promise<unknown>,
  { rounds, now }: { rounds: number; now: () => number },
): Promise<number> {
  await run();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const from = now();
    await run();
    times.push(now() - from);
  }
  return times.sort((a, b) => a - b)[rounds >> 1] ?? 0;
}

/**
 * Encodes one item in every slot of the batch beside different neighbours and compares with the item alone in its
 * padded batch. Gives what was found to differ, or undefined where neighbours change no id and no position.
 */
export async function findNeighbourEffect(
  engine: EncoderEngine,
  manifest: PackManifest,
): Promise<string | undefined> {
  if (engine.batchSize === 1) return undefined;
  for (const kind of ENCODE_KINDS) {
    const item = specimen(manifest, kind, 0);
    const [alone] = await engine.encode([item]);
    for (let slot = 0; slot < engine.batchSize; slot++) {
      for (const round of [1, 2]) {
        const items = Array.from({ length: engine.batchSize }, (_, at) =>
          at === slot ? item : specimen(manifest, kind, round * engine.batchSize + at),
        );
        const beside = (await engine.encode(items))[slot]!;
        const effect = differenceOf(beside, alone!, `of a ${kind} in slot ${slot} of ${engine.batchSize}`);
        if (effect !== undefined) return effect;
      }
    }
  }
  return undefined;
}

function differenceOf(beside: EncodedItem, alone: EncodedItem, place: string): string | undefined {
  if (beside.positions !== alone.positions) return `positions ${place} differ beside neighbours and alone`;
  const at = beside.ids.findIndex((id, index) => id !== alone.ids[index]);
  return at < 0
    ? undefined
    : `id ${at} ${place} is ${beside.ids[at]} beside neighbours and ${alone.ids[at]} alone`;
}

/** A varied item that is the same for the same seed: blotches of noise, so that ids lie in many places of the codebook. */
export function specimen({ visual, motion }: PackManifest, kind: EncodeKind, seed: number): EncodeItem {
  // Numerical Recipes' linear congruential generator (Press et al., section 7.1): the low bits are not used.
  let state = (seed + 1) * 2_654_435_761;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  if (kind === 'keyframe') {
    const pixels = new Uint8Array(visual.width * visual.height * 3);
    let level = 128;
    for (let at = 0; at < pixels.length; at++) {
      level += (random() - 0.5) * 40;
      if (level < 0 || level > 255 || random() < 0.002) level = random() * 255;
      pixels[at] = level;
    }
    return { kind, pixels };
  }
  const cells = motion.fieldsPerChunk * motion.rows * motion.columns;
  const fields = (): ChunkFields => ({
    motion: Float32Array.from({ length: 2 * cells }, () => (random() - 0.5) * 20 * motion.stillThreshold),
    mask: Uint8Array.from({ length: cells }, () => (random() < 0.1 ? 0 : 1)),
  });
  return {
    kind,
    ...fields(),
    ...(motion.luma && { luma: Uint8Array.from({ length: lumaLength(motion) }, () => random() * 255) }),
    // Every other one begins a clip.
    ...(motion.context && seed % 2 === 0 && { previous: fields() }),
  };
}
