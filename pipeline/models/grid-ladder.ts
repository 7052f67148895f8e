import type { Grid } from '../../client-sdk/protocol/positions.ts';
import { ConfigError } from '../errors.ts';
import type { Ladder, PackManifest } from './pack-manifest.ts';

/** The sizes among which keyframes of a pack may be coded; undefined for a pack that has no such choice. */
export const ladderOf = (visual: PackManifest['visual']): Ladder | undefined =>
  visual.dynamic ? undefined : visual.ladder;

/** The positions of a grid, each of which has an id. */
export const positionsIn = ({ columns, rows }: Grid): number => columns * rows;

/** Grids in words: `8x8 (64), 12x12 (144) or 16x16 (256)`. */
export const gridsText = (grids: readonly Grid[]): string =>
  grids
    .map((grid) => `${grid.columns}x${grid.rows} (${positionsIn(grid)})`)
    .join(', ')
    .replace(/, (?=[^,]*$)/, ' or ');

/**
 * The grid that keyframes lie on where `tokens` ids are asked for: of a pack with a ladder the largest with at most so
 * many, or that of its default; of any other pack its only one, whatever the number. Depends on nothing but pack and
 * number. Throws a `ConfigError` of code `bad-config` where the ladder does not reach so far.
 */
export function gridOf({ name, visual }: PackManifest, tokens?: number): Grid {
  const { columns, rows } = visual;
  const ladder = ladderOf(visual);
  if (!ladder) return { columns, rows };
  const { defaultTokens, grids } = ladder;
  const wanted = tokens ?? defaultTokens;
  const grid = grids.findLast((each) => positionsIn(each) <= wanted);
  const most = positionsIn(grids.at(-1)!);
  if (grid && wanted <= most && Number.isInteger(wanted)) return grid;
  throw new ConfigError(
    'bad-config',
    `keyframeTokens must be a whole number of ${positionsIn(grids[0]!)} to ${most} for the pack ${name}, ` +
      `whose keyframes are ${gridsText(grids)}, got ${wanted}`,
  );
}

/**
 * A pack whose only grid is that of `gridOf`, so that what works with the result needs to know nothing of the choice.
 * Packs without a ladder stay as they are.
 */
export function atGrid<Pack extends { readonly manifest: PackManifest }>(pack: Pack, tokens?: number): Pack {
  const { manifest } = pack;
  const { visual } = manifest;
  if (visual.dynamic || !visual.ladder) return pack;
  const grid = gridOf(manifest, tokens);
  const ladder: Ladder = { defaultTokens: positionsIn(grid), grids: [grid] };
  return { ...pack, manifest: { ...manifest, visual: { ...visual, ...grid, ladder } } };
}
