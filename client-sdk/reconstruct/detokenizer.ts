import type { TokenLayout } from '../protocol/messages.ts';

/**
 * Turns codebook indices back into a picture and motion: the port that an inference runtime (onnxruntime-node,
 * onnxruntime-web, …) fills. Calls may overlap; the caller owns the arrays that come back.
 */
export interface Detokenizer {
  readonly geometry: Geometry;
  /**
   * Keyframe of one visual message's ids: float32 [3, height, width], RGB, [0, 1]. `positions` are the message's, of a pack
   * of dynamic length; `placeIds` makes of both what its decoder graph takes. Rejects where they do not fit the ids.
   */
  decodeKeyframe(ids: ArrayLike<number>, positions?: string): Promise<Float32Array>;
  /**
   * Motion of one chunk's ids: float32 [2, fieldsPerChunk, rows, columns], forward displacement (now - before),
   * dx as a fraction of the width then dy of the height, +x right, +y down. Fields past a message's `fields` are padding.
   */
  decodeMotion(ids: ArrayLike<number>, context: MotionContext): Promise<Float32Array>;
}

/** What a chunk is decoded in view of; packs without `motion.context` do without. */
export interface MotionContext {
  /** Ids of the chunk before in the same clip; undefined for the first chunk of a clip and after a still one. */
  readonly previousIds: ArrayLike<number> | undefined;
}

/** The grids, sizes and rate of a pack that reconstruction depends on. */
export interface Geometry {
  /** Decoded keyframe, px, and its token grid. */
  readonly visual: {
    readonly width: number;
    readonly height: number;
    readonly columns: number;
    readonly rows: number;
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
  geometry.visual.columns === layout.visual.columns &&
  geometry.visual.rows === layout.visual.rows &&
  geometry.motion.columns === layout.motion.columns &&
  geometry.motion.rows === layout.motion.rows &&
  geometry.motion.fieldsPerChunk === layout.motion.fieldsPerChunk &&
  geometry.motion.fieldsPerSecond === motionFps;
