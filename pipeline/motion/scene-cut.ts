/**
 * Signs of a scene cut. The thresholds were chosen on Megamind.avi (3 cuts), cityCC0.mpg (a fast pan, 1 cut),
 * vtest.avi (none) and wannaworktogether.mp4 (zooms and slides, hard cuts), as they are and encoded anew without scene
 * detection. Hard cuts had a masked share of 0.86 to 1, a change of 0.14 to 0.17 and a likeness of 0.10 to 0.47; the
 * fastest drawn zoom alone passes the bounds, once in three minutes.
 */
import { assert } from '../errors.ts';

/** Size that pictures are squashed to before their looks are compared, px. */
export const THUMBNAIL_SIZE = { widthPx: 32, heightPx: 18 } as const;

/** Least share of blocks without a vector at a cut. */
export const MIN_MASKED_SHARE = 0.4;
/** Least change at a cut where the masked share speaks for one. */
const MIN_CHANGE = 0.05;
/** Least change at a cut where there are no vectors to ask. */
const MIN_CHANGE_ALONE = 0.12;
/** Greatest likeness at a cut: a flash or a fade changes much but keeps the structure. */
const MAX_LIKENESS = 0.55;
/** Standard deviation of luma below which a picture shows nothing that another could be like, of 255. */
const FLAT_DEVIATION = 4;

/** How two pictures differ. */
export interface LookChange {
  /** Mean absolute difference of luma, [0, 1]. */
  readonly change: number;
  /** Correlation of luma, [-1, 1]; 0 where one of the pictures is flat. */
  readonly likeness: number;
}

/** Whether a picture begins another shot. `maskedShare` is that of the motion to it, where that is known. */
export function isSceneCut(signs: LookChange & { readonly maskedShare?: number | undefined }): boolean {
  const isUnpredicted = signs.maskedShare === undefined || signs.maskedShare >= MIN_MASKED_SHARE;
  const minChange = signs.maskedShare === undefined ? MIN_CHANGE_ALONE : MIN_CHANGE;
  return isUnpredicted && signs.change >= minChange && signs.likeness <= MAX_LIKENESS;
}

/** Whether a luma thumbnail is of one tone, as those of black or white pictures are. */
export const isFlat = (luma: Uint8Array): boolean => momentsOf(luma).deviation < FLAT_DEVIATION;

/** Compares two luma thumbnails of equal size. */
export function compareLooks(before: Uint8Array, now: Uint8Array): LookChange {
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
  return {
    change: difference / (255 * now.length),
    likeness: hasStructure ? product / (now.length * past.deviation * present.deviation) : 0,
  };
}

function momentsOf(luma: Uint8Array): { mean: number; deviation: number } {
  let sum = 0;
  for (const value of luma) sum += value;
  const mean = sum / luma.length;
  let squares = 0;
  for (const value of luma) squares += (value - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / luma.length) };
}
