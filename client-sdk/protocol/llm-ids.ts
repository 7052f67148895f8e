import type { LlmLayout, MotionMessage, TokenLayout, VisualMessage } from './messages.ts';
import { cellsOf, checkCount, positionsOf } from './positions.ts';
import { WireError } from './wire-error.ts';

/** SKIP1 to SKIP16: the longest run of cells without a token that one id stands for. */
export const MAX_SKIP = 16;

type Coded = Pick<VisualMessage, 'type' | 'ids' | 'positions'> | Pick<MotionMessage, 'type' | 'ids'>;

/**
 * A message as flat ids of a language model's vocabulary: `[IMG] … [/IMG]` or `[MOV] … [/MOV]`, complete in itself.
 * Joined in the order of the messages they are the feed. Where the layout has SKIP ids, they stand for the cells without
 * a token that come before one. Throws a `WireError` where `positions` does not fit the ids.
 */
export const llmIdsOf = (message: Coded, layout: LlmLayout): number[] =>
  message.type === 'visual'
    ? [layout.imageStart, ...visualIdsOf(message, layout), layout.imageEnd]
    : [layout.motionStart, ...message.ids.map((id) => layout.motionOffset + id), layout.motionEnd];

/** Tokens of a message: its ids, and the SKIP ids that its positions take where the layout has such. */
export const tokenCountOf = (message: Coded, layout: LlmLayout): number =>
  llmIdsOf(message, layout).length - 2;

function visualIdsOf(
  { ids, positions }: Extract<Coded, { type: 'visual' }>,
  { visualOffset, skipOffset }: LlmLayout,
): number[] {
  if (positions === undefined || skipOffset === undefined) return ids.map((id) => visualOffset + id);
  const cells = cellsOf(positions);
  checkCount(cells, ids);
  return ids.flatMap((id, at) => {
    const skipped = (cells[at] ?? 0) - (at === 0 ? 0 : (cells[at - 1] ?? 0) + 1);
    return [...skipIdsOf(skipped, skipOffset), visualOffset + id];
  });
}

function skipIdsOf(cells: number, skipOffset: number): number[] {
  const whole = new Array<number>(Math.floor(cells / MAX_SKIP)).fill(skipOffset + MAX_SKIP - 1);
  const rest = cells % MAX_SKIP;
  return rest === 0 ? whole : [...whole, skipOffset + rest - 1];
}

/** What flat ids of one picture or chunk stand for; the parts of a message that a detokenizer takes. */
export type LlmPart =
  | { readonly type: 'visual'; readonly ids: readonly number[]; readonly positions?: string }
  | { readonly type: 'motion'; readonly ids: readonly number[] };

/**
 * The inverse of `llmIdsOf`, for ids that a language model wrote: one `[IMG] … [/IMG]` or `[MOV] … [/MOV]`. Throws a
 * `WireError` where they are of another form, or lie outside of codebook or grid.
 */
export function decodeLlmIds(flat: readonly number[], layout: TokenLayout): LlmPart {
  const { llm } = layout;
  const inner = flat.slice(1, -1);
  if (flat.length >= 2 && flat[0] === llm.imageStart && flat.at(-1) === llm.imageEnd)
    return decodeVisual(inner, layout);
  if (flat.length >= 2 && flat[0] === llm.motionStart && flat.at(-1) === llm.motionEnd)
    return { type: 'motion', ids: inner.map((id) => within(id - llm.motionOffset, layout.motion, id)) };
  throw new WireError('flat ids begin and end with [IMG] and [/IMG], or [MOV] and [/MOV]');
}

function decodeVisual(flat: readonly number[], { visual, llm }: TokenLayout): LlmPart {
  const { skipOffset } = llm;
  if (!visual.dynamic || skipOffset === undefined)
    return { type: 'visual', ids: flat.map((id) => within(id - llm.visualOffset, visual, id)) };
  const count = visual.columns * visual.rows;
  const ids: number[] = [];
  const cells: number[] = [];
  let next = 0;
  for (const id of flat) {
    const skip = id - skipOffset + 1;
    if (skip >= 1 && skip <= MAX_SKIP) next += skip;
    else {
      ids.push(within(id - llm.visualOffset, visual, id));
      cells.push(next++);
    }
    if (next > count) throw new WireError(`ids and skipped cells must be at most ${count}, got ${next}`);
  }
  return { type: 'visual', ids, positions: positionsOf(cells, visual) };
}

function within(index: number, { codebookSize }: { codebookSize: number }, id: number): number {
  if (index >= 0 && index < codebookSize) return index;
  throw new WireError(`flat ids must be of the codebook of ${codebookSize}, got ${id}`);
}
