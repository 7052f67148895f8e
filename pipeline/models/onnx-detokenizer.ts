import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { type Grid, type PlacedIds, placeIds } from '../../client-sdk/protocol/positions.ts';
import { type Detokenizer, type Geometry, hasGrid } from '../../client-sdk/reconstruct/detokenizer.ts';
import { DisposedError, ModelError, reasonOf } from '../errors.ts';
import { gridFeeds } from './grid-feeds.ts';
import { gridsText, ladderOf, positionsIn } from './grid-ladder.ts';
import { denormalizeMotion } from './normalization.ts';
import { openSession, type PackGraphs, type SessionOptions } from './onnx-session.ts';
import type { PackManifest } from './pack-manifest.ts';

/** A detokenizer that owns two sessions; disposing of it waits for the run in flight. */
export type OnnxDetokenizer = Detokenizer & AsyncDisposable;

const DEFAULTS: SessionOptions = { provider: 'cpu', threads: 1 };

/** The sizes of a pack that reconstruction depends on. */
export const geometryOf = ({ manifest: { visual, motion } }: PackGraphs): Geometry => ({
  visual: {
    width: visual.width,
    height: visual.height,
    columns: visual.columns,
    rows: visual.rows,
    ladder: ladderOf(visual)?.grids,
  },
  motion: {
    columns: motion.columns,
    rows: motion.rows,
    fieldsPerChunk: motion.fieldsPerChunk,
    fieldsPerSecond: motion.fieldsPerSecond,
  },
});

/**
 * Opens a pack's decoders on onnxruntime-node. Every call blocks the calling thread for the time of a run: for worker
 * threads and command lines. Rejects with a `ConfigError` where a graph is not as the manifest says.
 */
export async function createOnnxDetokenizer(
  pack: PackGraphs,
  options: Partial<SessionOptions> = {},
): Promise<OnnxDetokenizer> {
  const settings = { ...DEFAULTS, ...options };
  const { visual, motion } = pack.manifest;
  const geometry = geometryOf(pack);
  const visualDecoder = await openSession(pack, 'visualDecoder', settings);
  const motionDecoder = await openSession(pack, 'motionDecoder', settings).catch(async (error: unknown) => {
    await visualDecoder.release();
    throw error;
  });
  const visualRun = decode(visualDecoder, 'pixels');
  const motionRun = decode(motionDecoder, 'motion');
  let running: Promise<unknown> = Promise.resolve();
  let closing: Promise<void> | undefined;
  const inTurn = (run: () => Promise<Float32Array>): Promise<Float32Array> => {
    if (closing !== undefined) return Promise.reject(new DisposedError('the detokenizer'));
    const result = running.then(run);
    running = result.catch(() => undefined);
    return result;
  };
  const close = async (): Promise<void> => {
    await running;
    await visualDecoder.release();
    await motionDecoder.release();
  };
  return {
    geometry,
    decodeKeyframe: (ids, { positions, grid = visual } = {}) =>
      inTurn(async () => {
        checkGrid(grid, geometry);
        const placed = keyframeIds({ ids, positions }, { visual, grid });
        return visualRun({ ids: asTensor(placed), ...gridFeeds(visual, grid) });
      }),
    decodeMotion: (ids, { previousIds }) =>
      inTurn(async () => {
        const feeds = { ids: asTensor(chunkIds(ids, motion)), ...contextFeeds(previousIds, motion) };
        return denormalizeMotion(motion.normalization, await motionRun(feeds));
      }),
    [Symbol.asyncDispose]: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** Ids come from a peer, so number, range and places are checked before a graph looks them up in its codebook. */
function keyframeIds(
  placed: PlacedIds,
  { visual, grid }: { visual: PackManifest['visual']; grid: Grid },
): Int32Array {
  checkRange(placed.ids, visual);
  try {
    const data = placeIds(placed, grid);
    if (visual.dynamic || !data.includes(-1)) return data;
  } catch (cause) {
    throw new ModelError('model-failed', reasonOf(cause), { cause });
  }
  throw new ModelError(
    'model-failed',
    `ids must be one for each of ${positionsIn(grid)} cells, got ${placed.ids.length}`,
  );
}

function checkGrid(grid: Grid, geometry: Geometry): void {
  if (hasGrid(geometry, grid)) return;
  const grids = gridsText(geometry.visual.ladder ?? [geometry.visual]);
  throw new ModelError('model-failed', `a keyframe must be ${grids}, got ${gridsText([grid])}`);
}

function chunkIds(ids: ArrayLike<number>, motion: PackManifest['motion']): Int32Array {
  checkRange(ids, motion);
  if (ids.length === motion.tokensPerChunk) return Int32Array.from(ids);
  throw new ModelError('model-failed', `ids must be ${motion.tokensPerChunk}, got ${ids.length}`);
}

function checkRange(ids: ArrayLike<number>, { codebookSize }: { codebookSize: number }): void {
  const outside = Array.from(ids).find((id) => !(id >= 0 && id < codebookSize));
  if (outside !== undefined)
    throw new ModelError('model-failed', `ids must be 0 to ${codebookSize - 1}, got ${outside}`);
}

/** The ids of the chunk before with a flag, both zero where there is none; nothing where the pack's motion has no context. */
function contextFeeds(
  previousIds: ArrayLike<number> | undefined,
  motion: PackManifest['motion'],
): Readonly<Record<string, Tensor>> {
  if (!motion.context) return {};
  return {
    previousIds: asTensor(chunkIds(previousIds ?? new Int32Array(motion.tokensPerChunk), motion)),
    hasPrevious: new Tensor('float32', Float32Array.of(previousIds ? 1 : 0), [1]),
  };
}

const asTensor = (ids: Int32Array): Tensor => new Tensor('int32', ids, [1, ids.length]);

const decode =
  (session: InferenceSession, output: string) =>
  async (feeds: Readonly<Record<string, Tensor>>): Promise<Float32Array> => {
    const results = await session.run(feeds).catch((cause: unknown) => {
      throw new ModelError('model-failed', `a decoder failed: ${reasonOf(cause)}`, { cause });
    });
    return results[output]!.data as Float32Array;
  };
