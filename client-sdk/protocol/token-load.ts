import { tokenCountOf } from './llm-ids.ts';
import type { MotionMessage, TokenLayout, VisualMessage } from './messages.ts';

/**
 * What a message adds to a stream: tokens, SKIP ids included, and bits before any entropy coding: each id as one of its
 * codebook, and one bit a cell of the grid where there are positions.
 */
export function tokenLoadOf(
  message: VisualMessage | MotionMessage,
  layout: TokenLayout,
): { tokens: number; bits: number } {
  const { columns, rows } = layout.visual;
  const places = message.type === 'visual' && message.positions !== undefined ? columns * rows : 0;
  return {
    tokens: tokenCountOf(message, layout.llm),
    bits: message.ids.length * Math.log2(layout[message.type].codebookSize) + places,
  };
}
