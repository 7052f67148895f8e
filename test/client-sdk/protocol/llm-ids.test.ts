import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBinary, encodeBinary } from '../../../client-sdk/protocol/binary.ts';
import { decodeLlmIds, llmIdsOf, tokenCountOf } from '../../../client-sdk/protocol/llm-ids.ts';
import type { TokenLayout, VisualMessage } from '../../../client-sdk/protocol/messages.ts';
import { collectIds, positionsOf } from '../../../client-sdk/protocol/positions.ts';
import { WireError } from '../../../client-sdk/protocol/wire-error.ts';
import { EPOCH, placedKeyframes, START } from '../arbitrary-messages.ts';

const IMG = 32_000;
const END = 32_001;
const VISUAL = 32_002;
const SKIP = 50_000;

const dynamicLayout = (grid: { columns: number; rows: number }, skipOffset?: number): TokenLayout => ({
  ...START.layout,
  visual: { ...grid, codebookSize: 4096, dynamic: true, tokens: 128 },
  llm: { ...START.layout.llm, ...(skipOffset !== undefined && { skipOffset }) },
});
const GRID = { columns: 16, rows: 16 };
const LAYOUT = dynamicLayout(GRID, SKIP);

const visual = (cells: readonly number[], firstId = 0) => ({
  type: 'visual' as const,
  ids: cells.map((_, at) => firstId + at),
  positions: positionsOf(cells, GRID),
});

describe('SKIP ids', () => {
  it.each([
    ['no run', [0, 1], [VISUAL, VISUAL + 1]],
    ['a run of one', [0, 2], [VISUAL, SKIP, VISUAL + 1]],
    ['a run at the beginning', [3], [SKIP + 2, VISUAL]],
    ['a run of sixteen', [16], [SKIP + 15, VISUAL]],
    ['a run of seventeen', [17], [SKIP + 15, SKIP, VISUAL]],
    ['a run of thirty-five', [0, 36], [VISUAL, SKIP + 15, SKIP + 15, SKIP + 2, VISUAL + 1]],
    ['only a run at the end, which is left out', [], []],
  ])('for %s', (_, cells, inner) => {
    expect(llmIdsOf(visual(cells), LAYOUT.llm)).toEqual([IMG, ...inner, END]);
    expect(tokenCountOf(visual(cells), LAYOUT.llm)).toBe(inner.length);
  });

  it('are left out where the layout has none', () => {
    const layout = dynamicLayout(GRID);
    expect(llmIdsOf(visual([3, 9]), layout.llm)).toEqual([IMG, VISUAL, VISUAL + 1, END]);
    expect(decodeLlmIds([IMG, VISUAL, END], layout)).toEqual({ type: 'visual', ids: [0] });
  });

  it('are not made of a keyframe without positions', () => {
    const ids = Array.from({ length: 256 }, (_, id) => id);
    expect(llmIdsOf({ type: 'visual', ids }, LAYOUT.llm)).toHaveLength(258);
  });

  it('carry a keyframe there and back, for any grid and any cells', () => {
    fc.assert(
      fc.property(placedKeyframes, ({ grid, placed }) => {
        const layout = dynamicLayout(grid, SKIP);
        const { ids, positions } = collectIds(placed, grid);
        const flat = llmIdsOf({ type: 'visual', ids: [...ids], positions }, layout.llm);
        expect(decodeLlmIds(flat, layout)).toEqual({ type: 'visual', ids: [...ids], positions });
        expect(flat.at(-2)).toBeLessThan(SKIP);
      }),
    );
  });

  it('are derived from the binary form too', () => {
    const message: VisualMessage = {
      ...{ epoch: EPOCH, seq: 1, pts: 0, received: 0, emitted: 0, clip: 0, shot: 0, keyframe: 'coded' },
      ...visual([4, 40]),
    };
    const flat = { ...message, llm: llmIdsOf(message, LAYOUT.llm) };
    expect(decodeBinary(encodeBinary(flat), { epoch: EPOCH, layout: LAYOUT })).toEqual(flat);
  });

  it('refuse positions that name more cells than there are ids', () => {
    const message = { ...visual([1, 2, 3]), ids: [1] };
    expect(() => llmIdsOf(message, LAYOUT.llm)).toThrow('positions must name 1 cells');
  });
});

describe('decodeLlmIds', () => {
  it('reads a chunk and a keyframe of fixed length', () => {
    expect(decodeLlmIds([48_386, 48_388, 48_390, 48_387], START.layout)).toEqual({
      type: 'motion',
      ids: [0, 2],
    });
    expect(decodeLlmIds([IMG, VISUAL + 9, END], START.layout)).toEqual({ type: 'visual', ids: [9] });
  });

  it.each([
    ['nothing', []],
    ['one id', [IMG]],
    ['no end', [IMG, VISUAL]],
    ['the end of another kind', [IMG, VISUAL, 48_387]],
    ['a text id', [IMG, 7, END]],
    ['an id beyond the codebook', [IMG, VISUAL + 4096, END]],
    ['an id beyond the SKIP ids', [IMG, SKIP + 16, VISUAL, END]],
    ['more cells than the grid has', [IMG, ...new Array<number>(16).fill(SKIP + 15), VISUAL, END]],
    ['a motion id beyond the codebook', [48_386, 48_388 + 1024, 48_387]],
  ])('refuses %s', (_, flat) => {
    expect(() => decodeLlmIds(flat, LAYOUT)).toThrow(WireError);
  });
});
