import { ConfigError } from '../errors.ts';
import { ladderOf, positionsIn } from './grid-ladder.ts';
import type { Budget, PackManifest } from './pack-manifest.ts';

/** What the encoder of a pack of dynamic length is told beside each keyframe. */
export interface TokenBudget {
  /** Ids of a keyframe in the mean. */
  readonly tokens: number;
  /** A position needs a greater score than this to get an id. */
  readonly threshold: number;
  /** Most ids that one keyframe gets. */
  readonly cap: number;
}

/** What a pack of dynamic length may be asked for, ids of a keyframe in the mean. */
export const tokenRangeOf = ({ defaultTokens, calibration }: Budget) => ({
  default: defaultTokens,
  least: calibration[0]!.tokens,
  most: calibration.at(-1)!.tokens,
});

/** How far one picture may exceed the mean that was asked for. */
const CAP_FACTOR = 2;

/**
 * The budget of `tokens` ids a keyframe, or of the pack's default; undefined for a pack whose keyframes all have the same
 * number of ids. Depends on nothing but pack and number. Throws a `ConfigError` of code `bad-config` where the pack
 * has no such choice or its calibration does not reach so far.
 */
export function budgetOf({ name, visual }: PackManifest, tokens?: number): TokenBudget | undefined {
  const cells = positionsIn(visual);
  if (!visual.dynamic) {
    if (tokens === undefined || ladderOf(visual)) return undefined;
    throw new ConfigError(
      'bad-config',
      `keyframeTokens needs a pack of dynamic length or with a ladder of grids, got ${tokens} for ${name}, whose keyframes have ${cells} ids`,
    );
  }
  const { calibration } = visual.budget;
  const { least, most, default: defaultTokens } = tokenRangeOf(visual.budget);
  const wanted = tokens ?? defaultTokens;
  const at = calibration.findIndex((row) => row.tokens >= wanted);
  if (at < 0 || wanted < least || !Number.isInteger(wanted))
    throw new ConfigError(
      'bad-config',
      `keyframeTokens must be a whole number of ${least} to ${most} for the pack ${name}, got ${wanted}`,
    );
  const above = calibration[at]!;
  const below = calibration[at - 1] ?? above;
  const share = above === below ? 0 : (above.tokens - wanted) / (above.tokens - below.tokens);
  return {
    tokens: wanted,
    threshold: above.threshold + share * (below.threshold - above.threshold),
    cap: Math.min(cells, CAP_FACTOR * wanted),
  };
}
