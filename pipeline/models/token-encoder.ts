import type { Runtime } from '../../client-sdk/protocol/messages.ts';
import type { Chunk, Keyframe } from '../types.ts';

/** Live work is done before `complete` work, and within a delivery in order of arrival. */
export interface EncodeOptions {
  readonly isLive: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The codebook indices of a keyframe or chunk. */
export interface EncodedItem {
  /** Row-major over the visual grid, or over the cells set in `positions`; a chunk's in the pack's order. */
  readonly ids: Uint32Array<ArrayBuffer>;
  /** Of a keyframe of a pack of dynamic length: the bitmap of the cells with an id, as in a visual message. */
  readonly positions?: string;
}

/** Turns keyframes and motion chunks into codebook indices. One instance serves all streams. */
export interface TokenEncoder {
  /** Indices of a keyframe and, from a pack of dynamic length, their cells. Rejects with a `ModelError`. */
  encodeKeyframe(keyframe: Pick<Keyframe, 'pixels'>, options: EncodeOptions): Promise<EncodedItem>;
  /** Indices of a chunk, in the pack's order. Rejects with a `ModelError`. */
  encodeMotion(
    chunk: Pick<Chunk, 'motion' | 'mask' | 'luma' | 'previous'>,
    options: EncodeOptions,
  ): Promise<Uint32Array>;
  /** Work that waits or runs, in items. */
  readonly pending: number;
  /** The execution provider in use, and why it was chosen. */
  readonly provider: { readonly name: string; readonly reason: string };
  /** What equal ids are promised for, beside the pack and the provider. */
  readonly runtime: Runtime;
  /**
   * Ids that a keyframe gets: in the mean, where the pack is of dynamic length; always, where it has a ladder of grids;
   * undefined for any other pack. Ids depend on it too.
   */
  readonly keyframeTokens: number | undefined;
}
