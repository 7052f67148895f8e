import type { ChunkFields } from '../types.ts';

/** Whether no cell of a chunk moves: every cell carries a vector below the threshold or none at all, and some do. */
export function isStill(chunk: ChunkFields, threshold: number): boolean {
  const cells = chunk.mask.length;
  let hasVector = false;
  for (let cell = 0; cell < cells; cell++) {
    if (!chunk.mask[cell]) continue;
    hasVector = true;
    if (Math.abs(chunk.motion[cell]!) >= threshold || Math.abs(chunk.motion[cells + cell]!) >= threshold)
      return false;
  }
  return hasVector;
}
