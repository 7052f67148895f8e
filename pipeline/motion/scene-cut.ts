/**
 * Signs of a scene cut. The thresholds were chosen on Megamind.avi (4 cuts), cityCC0.mpg (a fast pan, 1 cut), vtest.avi
 * (none) and wannaworktogether.mp4 (drawn zooms and slides), as they are and encoded anew without scene detection. Hard
 * cuts had a masked share of 0.86 to 1 and a difference of 0.086 to 0.16. Of the 5400 drawn pictures three pass the
 * bounds wrongly, with vectors as without: a fade in and two zooms that leave nothing where it was.
 */
import { assert } from '../errors.ts';

/** Size that pictures are squashed to before their looks are compared, px. */
export const THUMBNAIL_SIZE = { widthPx: 32, heightPx: 18 } as const;

/** Least share of blocks without a vector at a cut. */
export const MIN_MASKED_SHARE = 0.4;
/** Least difference at a cut where the masked share speaks for one. */
const MIN_DIFFERENCE = 0.03;
/** Least difference at a cut where there are no vectors to ask. */
const MIN_DIFFERENCE_ALONE = 0.08;
/** Standard deviation of luma below which a picture shows nothing that another could be like, of 255. */
const FLAT_DEVIATION = 4;

/**
 * Whether a picture begins another shot, by how different it looks from the one before and by the masked share of the
 * motion to it, where that is known.
 */
export const isSceneCut = (signs: {
  readonly difference: number;
  readonly maskedShare?: number | undefined;
}): boolean =>
  signs.maskedShare === undefined
    ? signs.difference >= MIN_DIFFERENCE_ALONE
    : signs.difference >= MIN_DIFFERENCE && signs.maskedShare >= MIN_MASKED_SHARE;

/** Whether a luma thumbnail is of one tone, as those of black or white pictures are. */
export const isFlat = (luma: Uint8Array): boolean => momentsOf(luma).deviation < FLAT_DEVIATION;

/**
 * How different two luma thumbnails of equal size look, [0, 2]: their mean absolute difference times one minus their
 * correlation, since a flash or a fade changes much but keeps the structure. A flat picture correlates with none.
 */
export function lookDifference(before: Uint8Array, now: Uint8Array): number {
  assert(before.length === now.length, 'thumbnails that are compared have the same size');
  const past = momentsOf(before);
  const present = momentsOf(now);
  let difference = 0;
  let product = 0;
  for (let index = 0; index < now.length; index++) {
    difference += Math.abs(now[index]! - before[index]!);
    product += (now[index]! - present.mean) * (before[index]! - past.mean);
  }
  const hasStructure = past.deviation >= FLAT_DEVIATION && present.deviation >= FLAT_DEVIATION;
  const correlation = hasStructure ? product / (now.length * past.deviation * present.deviation) : 0;
  return (difference / (255 * now.length)) * (1 - correlation);
}

function momentsOf(luma: Uint8Array): { mean: number; deviation: number } {
  let sum = 0;
  for (const value of luma) sum += value;
  const mean = sum / luma.length;
  let squares = 0;
  for (const value of luma) squares += (value - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / luma.length) };
}
