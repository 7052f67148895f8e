import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { collectIds, type Grid } from '../../client-sdk/protocol/positions.ts';
import { ModelError, reasonOf } from '../errors.ts';
import type { ChunkFields } from '../types.ts';
import { gridFeeds } from './grid-feeds.ts';
import { positionsIn } from './grid-ladder.ts';
import { normalizeMotion, pixelNormalizer } from './normalization.ts';
import { openSession, type PackGraphs, type SessionOptions } from './onnx-session.ts';
import { lumaLength, type PackManifest } from './pack-manifest.ts';
import type { TokenBudget } from './token-budget.ts';
import type { EncodedItem } from './token-encoder.ts';

/** A keyframe or a motion chunk, as the pipeline has it: see `Keyframe.pixels`, and `Chunk` for the rest. */
export type EncodeItem =
  | { readonly kind: 'keyframe'; readonly pixels: Uint8Array }
  | (ChunkFields & {
      readonly kind: 'motion';
      /** Where the pack asks for looks. */
      readonly luma?: Uint8Array | undefined;
      /** Where the pack's motion has context, and the chunk has a predecessor. */
      readonly previous?: ChunkFields | undefined;
    });

export const ENCODE_KINDS = ['keyframe', 'motion'] as const;
export type EncodeKind = (typeof ENCODE_KINDS)[number];

/** The two encoders of a pack on one thread. Every run has the same, padded batch size. Calls do not overlap. */
export interface EncoderEngine extends AsyncDisposable {
  readonly batchSize: number;
  /** Ids of 1 to `batchSize` items of one kind, in order; the caller owns them. Blocks the thread. */
  encode(items: readonly EncodeItem[]): Promise<EncodedItem[]>;
}

export interface EncoderEngineOptions extends SessionOptions {
  readonly batchSize: number;
  /** For a pack of dynamic length, and only for such. */
  readonly budget: TokenBudget | undefined;
}

/** One graph with its batch of inputs, which every run fills anew. */
interface Stage {
  readonly session: InferenceSession;
  readonly idsPerItem: number;
  readonly codebookSize: number;
  /** The grid whose cells may go without an id, -1; absent where each has one. */
  readonly sparseGrid?: Grid | undefined;
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** Writes an item into a slot, or zeros where there is none. */
  fill(slot: number, item: EncodeItem | undefined): void;
}

/** Opens the encoders of a pack. Rejects with a `ConfigError` where a graph is not as the manifest says. */
export async function createEncoderEngine(
  pack: PackGraphs,
  options: EncoderEngineOptions,
): Promise<EncoderEngine> {
  const visual = await openSession(pack, 'visualEncoder', options);
  const motion = await openSession(pack, 'motionEncoder', options).catch(async (error: unknown) => {
    await visual.release();
    throw error;
  });
  const { batchSize } = options;
  const stages: Record<EncodeKind, Stage> = {
    keyframe: keyframeStage(pack, visual, options),
    motion: motionStage(pack, motion, batchSize),
  };
  return {
    batchSize,
    encode: async (items) => {
      const stage = stages[items[0]!.kind];
      for (let slot = 0; slot < batchSize; slot++) stage.fill(slot, items[slot]);
      const ids = await run(stage, batchSize);
      const { idsPerItem, sparseGrid } = stage;
      return items.map((_, slot) => {
        const own = ids.slice(slot * idsPerItem, (slot + 1) * idsPerItem);
        return sparseGrid ? collectIds(own, sparseGrid) : { ids: Uint32Array.from(own) };
      });
    },
    [Symbol.asyncDispose]: async () => {
      await visual.release();
      await motion.release();
    },
  };
}

async function run(stage: Stage, batchSize: number): Promise<Int32Array> {
  const { session, feeds, idsPerItem, codebookSize } = stage;
  const results = await session.run(feeds).catch((cause: unknown) => {
    throw new ModelError('model-failed', `an encoder failed: ${reasonOf(cause)}`, { cause });
  });
  const ids = results.ids!.data as Int32Array;
  if (ids.length !== batchSize * idsPerItem)
    throw new ModelError(
      'model-failed',
      `an encoder must give ${batchSize * idsPerItem} ids, got ${ids.length}`,
    );
  const least = stage.sparseGrid ? -1 : 0;
  const outside = ids.find((id) => id < least || id >= codebookSize);
  if (outside !== undefined)
    throw new ModelError('model-failed', `ids must be ${least} to ${codebookSize - 1}, got ${outside}`);
  return ids;
}

function keyframeStage(
  { manifest }: PackGraphs,
  session: InferenceSession,
  { batchSize, budget }: EncoderEngineOptions,
): Stage {
  const { visual } = manifest;
  const length = 3 * visual.height * visual.width;
  const input = new Float32Array(batchSize * length);
  const normalize = pixelNormalizer(visual);
  return {
    session,
    idsPerItem: positionsIn(visual),
    codebookSize: visual.codebookSize,
    sparseGrid: budget && visual,
    feeds: {
      pixels: new Tensor('float32', input, [batchSize, 3, visual.height, visual.width]),
      ...gridFeeds(visual, visual),
      ...(budget && {
        threshold: new Tensor('float32', new Float32Array(batchSize).fill(budget.threshold), [batchSize]),
        cap: new Tensor('int32', new Int32Array(batchSize).fill(budget.cap), [batchSize]),
      }),
    },
    fill: (slot, item) => {
      if (item?.kind === 'keyframe') normalize(item.pixels, input, slot * length);
      else input.fill(0, slot * length, (slot + 1) * length);
    },
  };
}

function motionStage({ manifest }: PackGraphs, session: InferenceSession, batchSize: number): Stage {
  const { motion } = manifest;
  const { fieldsPerChunk } = motion;
  const fields = fieldTensors(motion, batchSize);
  const previous = motion.context ? fieldTensors(motion, batchSize) : undefined;
  const hasPrevious = new Float32Array(batchSize);
  const lumaPerItem = lumaLength(motion);
  const luma = new Float32Array(batchSize * lumaPerItem);
  return {
    session,
    idsPerItem: motion.tokensPerChunk,
    codebookSize: motion.codebookSize,
    feeds: {
      motion: fields.motion,
      mask: fields.mask,
      ...(previous && {
        previousMotion: previous.motion,
        previousMask: previous.mask,
        hasPrevious: new Tensor('float32', hasPrevious, [batchSize]),
      }),
      ...(motion.luma && {
        luma: new Tensor('float32', luma, [
          batchSize,
          fieldsPerChunk + 1,
          motion.luma.height,
          motion.luma.width,
        ]),
      }),
    },
    fill: (slot, item) => {
      const chunk = item?.kind === 'motion' ? item : undefined;
      fields.write(slot, chunk);
      previous?.write(slot, chunk?.previous);
      hasPrevious[slot] = chunk?.previous ? 1 : 0;
      if (!chunk) luma.fill(0, slot * lumaPerItem, (slot + 1) * lumaPerItem);
      chunk?.luma?.forEach((value, at) => {
        luma[slot * lumaPerItem + at] = value / 255;
      });
    },
  };
}

/** What the fields of a batch of chunks become. */
interface FieldTensors {
  readonly motion: Tensor;
  readonly mask: Tensor;
  /** Normalizes fields into a slot, or zeros where there are none. */
  write(slot: number, fields: ChunkFields | undefined): void;
}

function fieldTensors(motion: PackManifest['motion'], batchSize: number): FieldTensors {
  const { fieldsPerChunk, rows, columns, normalization } = motion;
  const cells = fieldsPerChunk * rows * columns;
  const vectors = new Float32Array(batchSize * 2 * cells);
  const mask = new Float32Array(batchSize * cells);
  return {
    motion: new Tensor('float32', vectors, [batchSize, 2, fieldsPerChunk, rows, columns]),
    mask: new Tensor('float32', mask, [batchSize, 1, fieldsPerChunk, rows, columns]),
    write: (slot, fields) => {
      if (fields) return normalizeMotion(normalization, fields, { motion: vectors, mask, slot });
      vectors.fill(0, slot * 2 * cells, (slot + 1) * 2 * cells);
      mask.fill(0, slot * cells, (slot + 1) * cells);
    },
  };
}
