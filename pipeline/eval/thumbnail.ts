import type { Grid } from '../../client-sdk/protocol/positions.ts';

const CHANNELS = 3;

/**
 * What is left of a picture in a thumbnail: the mean of each of its `grid` boxes, rounded to uint8, scaled up again
 * bicubically. RGB uint8 [rows, columns, 3].
 */
export const throughThumbnail = (rgb: Uint8Array, size: Grid, grid: Grid): Uint8Array =>
  scaleUp(boxThumbnail(rgb, size, grid), grid, size);

/** The largest grid of about the same shape whose cells take at most `bytes`, three each; at least one cell. */
export function gridOfBytes(bytes: number, { columns, rows }: Grid): Grid {
  const scale = Math.sqrt(bytes / (CHANNELS * columns * rows));
  // What is a whole number but for the last bit of the root is that number.
  const side = (cells: number): number => Math.max(1, Math.floor(cells * scale + 1e-9));
  return { columns: side(columns), rows: side(rows) };
}

/** The rounded mean of each box, pixels on a border by their share: RGB uint8 [grid.rows, grid.columns, 3]. */
export function boxThumbnail(rgb: Uint8Array, size: Grid, grid: Grid): Uint8Array {
  const across = sharesOf(size.columns, grid.columns);
  const down = sharesOf(size.rows, grid.rows);
  const sums = new Float64Array(grid.columns * grid.rows * CHANNELS);
  for (const { box: row, place: y, share: ofRow } of down) {
    for (const { box: column, place: x, share: ofColumn } of across) {
      const from = (y * size.columns + x) * CHANNELS;
      const into = (row * grid.columns + column) * CHANNELS;
      for (let channel = 0; channel < CHANNELS; channel++)
        sums[into + channel]! += ofRow * ofColumn * rgb[from + channel]!;
    }
  }
  const area = (size.columns / grid.columns) * (size.rows / grid.rows);
  return Uint8Array.from(sums, (sum) => sum / area + 0.5);
}

/** Which samples of one axis lie in which box, and what share of each. */
function sharesOf(size: number, boxes: number): { box: number; place: number; share: number }[] {
  const shares = [];
  for (let box = 0; box < boxes; box++) {
    const from = (box * size) / boxes;
    const to = ((box + 1) * size) / boxes;
    for (let place = Math.floor(from); place < to; place++)
      shares.push({ box, place, share: Math.min(place + 1, to) - Math.max(place, from) });
  }
  return shares;
}

/**
 * Scales RGB up bicubically: the cubic convolution of R. Keys (IEEE Trans. ASSP 29, 1981, eq. 15) with a = -0.5, known
 * as Catmull-Rom; pixel centres at (i + 0.5), samples outside the picture are those of its edge; rounded to uint8.
 */
export function scaleUp(rgb: Uint8Array, from: Grid, to: Grid): Uint8Array {
  const across = tapsOf(from.columns, to.columns);
  const down = tapsOf(from.rows, to.rows);
  const wide = new Float64Array(to.columns * from.rows * CHANNELS);
  for (let y = 0, at = 0; y < from.rows; y++) {
    for (const { places, weights } of across) {
      for (let channel = 0; channel < CHANNELS; channel++, at++) {
        for (let tap = 0; tap < 4; tap++)
          wide[at]! += weights[tap]! * rgb[(y * from.columns + places[tap]!) * CHANNELS + channel]!;
      }
    }
  }
  const scaled = new Uint8ClampedArray(to.columns * to.rows * CHANNELS);
  const stride = to.columns * CHANNELS;
  down.forEach(({ places, weights }, y) => {
    for (let at = 0; at < stride; at++) {
      let sum = 0;
      for (let tap = 0; tap < 4; tap++) sum += weights[tap]! * wide[places[tap]! * stride + at]!;
      // The assignment alone would round halves to even.
      scaled[y * stride + at] = Math.floor(sum + 0.5);
    }
  });
  return new Uint8Array(scaled.buffer);
}

/** The four samples that each output sample of one axis is made of. */
function tapsOf(from: number, to: number): { places: number[]; weights: number[] }[] {
  return Array.from({ length: to }, (_, index) => {
    const place = ((index + 0.5) * from) / to - 0.5;
    const first = Math.floor(place) - 1;
    const offsets = [0, 1, 2, 3];
    return {
      places: offsets.map((offset) => Math.min(from - 1, Math.max(0, first + offset))),
      weights: offsets.map((offset) => cubic(place - first - offset)),
    };
  });
}

/** Keys' kernel with a = -0.5. */
function cubic(distance: number): number {
  const d = Math.abs(distance);
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
  return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
}
