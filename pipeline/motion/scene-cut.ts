import type { BlockField } from './block-field.ts';

/** Size that pictures are squashed to before their looks are compared, px. */
export const THUMBNAIL_SIZE = { widthPx: 32, heightPx: 18 } as const;

/** Least share of blocks without a vector at a cut. */
const MIN_INTRA_SHARE = 0.3;
/** Least mean change of luma at a cut, of the full range. */
const MIN_LUMA_CHANGE = 0.1;

/** Whether a picture begins another shot: much of it could not be predicted, and it looks different. */
export const isSceneCut = (signs: { readonly intraShare: number; readonly lumaChange: number }): boolean =>
  signs.intraShare >= MIN_INTRA_SHARE && signs.lumaChange >= MIN_LUMA_CHANGE;

/** Share of blocks that carry no vector, [0, 1]. */
export function intraShareOf(field: BlockField): number {
  let inter = 0;
  for (const flag of field.valid) inter += flag;
  return 1 - inter / field.valid.length;
}

/** Mean absolute difference of two luma thumbnails of equal size, [0, 1]. */
export function lumaChange(before: Uint8Array, now: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < now.length; index++) sum += Math.abs(now[index]! - before[index]!);
  return sum / (255 * now.length);
}
