import { createEncoderEngine, type EncodeKind } from './encoder-engine.ts';
import { atGrid } from './grid-ladder.ts';
import { createOnnxDetokenizer } from './onnx-detokenizer.ts';
import type { PackGraphs } from './onnx-session.ts';
import type { GraphRole } from './pack-manifest.ts';
import { budgetOf } from './token-budget.ts';
import type { EncodedItem } from './token-encoder.ts';
import { medianMs, specimen, timeEngine } from './warm-up.ts';

/** One thread on the CPU, one item at a time. */
const ONE_THREAD = { provider: 'cpu', threads: 1, batchSize: 1 } as const;

/** Median time of one item by graph, milliseconds of the clock that was given. */
export type GraphMs = Readonly<Record<GraphRole, number>>;

/**
 * Runs each graph of a pack `rounds` times on one thread of onnxruntime on the CPU, once more at first, with what belongs to
 * a run (normalization, checks). Blocks the calling thread: for command lines.
 */
export async function timeGraphs(
  whole: PackGraphs,
  options: { rounds: number; now: () => number; keyframeTokens?: number | undefined },
): Promise<GraphMs> {
  const pack = atGrid(whole, options.keyframeTokens);
  const budget = budgetOf(pack.manifest, options.keyframeTokens);
  await using engine = await createEncoderEngine(pack, { ...ONE_THREAD, budget });
  await using detokenizer = await createOnnxDetokenizer(pack, ONE_THREAD);
  const encode = async (kind: EncodeKind): Promise<EncodedItem> =>
    (await engine.encode([specimen(pack.manifest, kind, 0)]))[0]!;
  const [keyframe, motion] = [await encode('keyframe'), await encode('motion')];
  const encoders = await timeEngine(engine, pack.manifest, options);
  return {
    visualEncoder: encoders.keyframe,
    motionEncoder: encoders.motion,
    visualDecoder: await medianMs(() => detokenizer.decodeKeyframe(keyframe.ids, keyframe), options),
    motionDecoder: await medianMs(
      () => detokenizer.decodeMotion(motion.ids, { previousIds: motion.ids }),
      options,
    ),
  };
}
