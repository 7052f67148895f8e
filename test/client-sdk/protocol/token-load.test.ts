import { expect, it } from 'vitest';
import type { TokenLayout, VisualMessage } from '../../../client-sdk/protocol/messages.ts';
import { positionsOf } from '../../../client-sdk/protocol/positions.ts';
import { tokenLoadOf } from '../../../client-sdk/protocol/token-load.ts';
import { motionMessage, startMessage, visualMessage } from '../../support/messages.ts';

const { layout } = startMessage();
const sparse: VisualMessage = visualMessage({
  ids: [1, 2, 3],
  positions: positionsOf([0, 5, 200], layout.visual),
});
const withSkips: TokenLayout = { ...layout, llm: { ...layout.llm, skipOffset: 37_124 } };

it.each([
  ['256 ids of 4096', visualMessage(), layout, { tokens: 256, bits: 3072 }],
  ['45 ids of 1024', motionMessage(), layout, { tokens: 45, bits: 450 }],
  ['a still chunk', motionMessage({ ids: [] }), layout, { tokens: 0, bits: 0 }],
  ['3 ids with a bitmap of 256 cells', sparse, layout, { tokens: 3, bits: 3 * 12 + 256 }],
  // Runs of 4 and 194 cells: one and thirteen SKIP ids.
  ['the same where positions are SKIP ids', sparse, withSkips, { tokens: 3 + 1 + 13, bits: 3 * 12 + 256 }],
])('%s', (_, message, grid, load) => {
  expect(tokenLoadOf(message, grid)).toEqual(load);
});
