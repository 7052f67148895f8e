/** Mean squared error of rounding to uint8: what is nearer to its original than that is not told apart. */
const ROUNDING_MSE = 1 / 12;

/** The best that is counted, 58.92 dB, so that a few equal pictures do not make the mean of all. */
export const BEST_DB = 10 * Math.log10((255 * 255) / ROUNDING_MSE);

/** Peak signal-to-noise ratio of uint8 samples: 10 log10(255² / mean squared difference), dB, at most `BEST_DB`. */
export function psnrDb(picture: Uint8Array, original: Uint8Array): number {
  if (picture.length !== original.length)
    throw new RangeError(
      `pictures must be of one size, got ${picture.length} and ${original.length} samples`,
    );
  let sum = 0;
  for (let at = 0; at < original.length; at++) {
    const difference = picture[at]! - original[at]!;
    sum += difference * difference;
  }
  return Math.min(BEST_DB, 10 * Math.log10((255 * 255 * original.length) / sum));
}

/** Luma of a picture, uint8 [height, width], full range (ITU-R BT.601-7 2.5.1), from RGB uint8 [height, width, 3]. */
export function lumaOf(rgb: Uint8Array): Uint8Array {
  const luma = new Uint8Array(rgb.length / 3);
  for (let pixel = 0, at = 0; pixel < luma.length; pixel++, at += 3)
    luma[pixel] = 0.299 * rgb[at]! + 0.587 * rgb[at + 1]! + 0.114 * rgb[at + 2]! + 0.5;
  return luma;
}
