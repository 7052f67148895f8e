import { describe, expect, it } from 'vitest';
import { copyPack, DYNAMIC_PACK, failureOf, LADDER, LADDER_PACK } from '../../support/packs.ts';

describe('a pack of dynamic length', () => {
  const rows = (...tokens: readonly number[]) =>
    tokens.map((each, at) => ({ tokens: each, threshold: 1 - at / 4 }));
  it.each([
    ['no budget', { budget: undefined }, /budget/],
    ['a fixed length', { dynamic: false }, /Unrecognized key: "budget"/],
    ['a length that is neither', { dynamic: 'yes' }, /visual.dynamic must be true or false/],
    ['no row', { budget: { defaultTokens: 9, calibration: [] } }, /budget\.calibration/],
    [
      'a row twice',
      { budget: { defaultTokens: 64, calibration: rows(64, 64, 256) } },
      /tokens .* must ascend/,
    ],
    [
      'a threshold that rises',
      {
        budget: {
          defaultTokens: 64,
          calibration: rows(64, 256).map((row) => ({ ...row, threshold: row.tokens })),
        },
      },
      /thresholds .* must descend/,
    ],
    [
      'too short a table',
      { budget: { defaultTokens: 64, calibration: rows(64, 255) } },
      /all 256 positions, got 255/,
    ],
    [
      'a default below it',
      { budget: { defaultTokens: 63, calibration: rows(64, 256) } },
      /64 to 256 .* got 63/,
    ],
    [
      'a default above it',
      { budget: { defaultTokens: 257, calibration: rows(64, 256) } },
      /64 to 256 .* got 257/,
    ],
  ])('is refused with %s', async (_, visual, message) => {
    await using copy = await copyPack(DYNAMIC_PACK);
    await copy.edit((manifest) => Object.assign(manifest.visual, visual));
    expect(await failureOf(copy.folder)).toMatch(message);
  });

  it.each([32_001, 32_002 - 15, 36_097, 36_100 - 1, 36_100 + 1023])(
    'is refused where SKIP ids from %i on are something else',
    async (skipOffset) => {
      await using copy = await copyPack(DYNAMIC_PACK);
      await copy.edit((manifest) => {
        manifest.llm.skipOffset = skipOffset;
      });
      expect(await failureOf(copy.folder)).toContain(`must be nothing else's, got ${skipOffset}`);
    },
  );
});

describe('a pack with a ladder of grids', () => {
  const [small, middle, large] = LADDER;
  it.each([
    ['a dynamic length', { dynamic: true }, /Unrecognized key: "ladder"/],
    ['no grid', { ladder: { defaultTokens: 64, grids: [] } }, /ladder\.grids/],
    ['no default', { ladder: { grids: LADDER } }, /ladder\.defaultTokens/],
    [
      'grids that do not ascend',
      { ladder: { defaultTokens: 64, grids: [middle, small, large] } },
      /grids of the ladder must ascend in columns times rows/,
    ],
    [
      'two grids of as many ids',
      { ladder: { defaultTokens: 108, grids: [middle, { columns: 9, rows: 12 }, large] } },
      /grids of the ladder must ascend/,
    ],
    [
      'a last grid that is not its own',
      { ladder: { defaultTokens: 64, grids: [small, middle] } },
      /last grid of the ladder must be that of visual, 16x16 \(256\), got 12x9 \(108\)/,
    ],
    [
      'a last grid that only has as many ids',
      { ladder: { defaultTokens: 64, grids: [small, { columns: 32, rows: 8 }] } },
      /16x16 \(256\), got 32x8 \(256\)/,
    ],
    [
      'a default that is no grid',
      { ladder: { defaultTokens: 100, grids: LADDER } },
      /the ids of a grid, 8x8 \(64\), 12x9 \(108\) or 16x16 \(256\), got 100/,
    ],
  ])('is refused with %s', async (_, visual, message) => {
    await using copy = await copyPack(LADDER_PACK);
    await copy.edit((manifest) => Object.assign(manifest.visual, visual));
    expect(await failureOf(copy.folder)).toMatch(message);
  });
});
