import type { Runtime } from '../../client-sdk/protocol/messages.ts';
import type { Chunk, Keyframe } from '../types.ts';

/** Live work is done before `complete` work, and within a delivery in order of arrival. */
export interface EncodeOptions {
  readonly isLive: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Turns keyframes and motion chunks into codebook indices. One instance serves all streams. */
export interface TokenEncoder {
  /** Indices of a keyframe, row-major over the visual grid. Rejects with a `ModelError`. */
  encodeKeyframe(keyframe: Pick<Keyframe, 'pixels'>, options: EncodeOptions): Promise<Uint32Array>;
  /** Indices of a chunk, in the pack's order. Rejects with a `ModelError`. */
  encodeMotion(chunk: Pick<Chunk, 'motion' | 'mask' | 'luma'>, options: EncodeOptions): Promise<Uint32Array>;
  /** Work that waits or runs, in items. */
  readonly pending: number;
  /** The execution provider in use, and why it was chosen. */
  readonly provider: { readonly name: string; readonly reason: string };
  /** What equal ids are promised for, beside the pack and the provider. */
  readonly runtime: Runtime;
}
