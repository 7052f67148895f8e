import type { TokenLayout } from '../../client-sdk/protocol/messages.ts';

/** Bits of what is sent of a keyframe: its ids, and one for each cell of the grid where positions are sent. */
export const visualBits = (
  { ids, positions }: { ids: ArrayLike<number>; positions?: string | undefined },
  { columns, rows, codebookSize }: TokenLayout['visual'],
): number => ids.length * Math.log2(codebookSize) + (positions === undefined ? 0 : columns * rows);
