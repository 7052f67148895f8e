import type { TokenLayout } from '../protocol/messages.ts';
import type { Grid } from '../protocol/positions.ts';

/**
 * Turns codebook indices back into a picture and motion: the port that an inference runtime (onnxruntime-node,
 * onnxruntime-web, …) fills. Calls may overlap; the caller owns the arrays that come back.
 */
export interface Detokenizer {
  readonly geometry: Geometry;
  /**
   * Keyframe of one visual message's ids: float32 [3, height, width], RGB, [0, 1]. Rejects where the ids do not fit what
   * is told of them; `placeIds` checks that and gives what the decoder graph takes.
   */
  decodeKeyframe(ids: ArrayLike<number>, context?: KeyframeContext): Promise<Float32Array>;
  /**
   * Motion of one chunk's ids: float32 [2, fieldsPerChunk, rows, columns], forward displacement (now - before),
   * dx as a fraction of the width then dy of the height, +x right, +y down. Fields past a message's `fields` are padding.
   */
  decodeMotion(ids: ArrayLike<number>, context: MotionContext): Promise<Float32Array>;
}

/** Where the ids of a keyframe lie. */
export interface KeyframeContext {
  /** The message's, of a pack of dynamic length. */
  readonly positions?: string | undefined;
  /** That of the epoch's layout; if absent, that of `geometry`. Only a pack with a ladder of grids has others. */
  readonly grid?: Grid | undefined;
}

/** What a chunk is decoded in view of; packs without `motion.context` do without. */
export interface MotionContext {
  /** Ids of the chunk before in the same clip; undefined for the first chunk of a clip and after a still one. */
  readonly previousIds: ArrayLike<number> | undefined;
}

/** The grids, sizes and rate of a pack that reconstruction depends on. */
export interface Geometry {
  /** Decoded keyframe, px, and its token grid: the largest, where the pack has a ladder of them. */
  readonly visual: Grid & {
    readonly width: number;
    readonly height: number;
    /** Every grid that a keyframe's ids may lie on; only the one above if absent. */
    readonly ladder?: readonly Grid[] | undefined;
  };
  /** Motion field in cells; fields a chunk; fields a second of media time. */
  readonly motion: {
    readonly columns: number;
    readonly rows: number;
    readonly fieldsPerChunk: number;
    readonly fieldsPerSecond: number;
  };
}

/** Whether the ids of an epoch with this layout can be decoded by a detokenizer of this geometry. */
export const fits = (geometry: Geometry, layout: TokenLayout, motionFps: number): boolean =>
  hasGrid(geometry, layout.visual) &&
  geometry.motion.columns === layout.motion.columns &&
  geometry.motion.rows === layout.motion.rows &&
  geometry.motion.fieldsPerChunk === layout.motion.fieldsPerChunk &&
  geometry.motion.fieldsPerSecond === motionFps;

/** Whether keyframes of a detokenizer may lie on a grid. */
export const hasGrid = ({ visual }: Geometry, { columns, rows }: Grid): boolean =>
  (visual.ladder ?? [visual]).some((grid) => grid.columns === columns && grid.rows === rows);
