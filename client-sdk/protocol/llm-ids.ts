import type { LlmLayout, MotionMessage, VisualMessage } from './messages.ts';

/**
 * A message as flat ids of a language model's vocabulary: `[IMG] … [/IMG]` or `[MOV] … [/MOV]`, complete in itself.
 * Joined in the order of the messages they are the feed.
 */
export const llmIdsOf = (
  message: Pick<VisualMessage | MotionMessage, 'type' | 'ids'>,
  layout: LlmLayout,
): number[] =>
  message.type === 'visual'
    ? [layout.imageStart, ...message.ids.map((id) => layout.visualOffset + id), layout.imageEnd]
    : [layout.motionStart, ...message.ids.map((id) => layout.motionOffset + id), layout.motionEnd];
