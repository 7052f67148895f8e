import type { Geometry } from '../../client-sdk/reconstruct/detokenizer.ts';
import type { Motion } from './motion-clips.ts';

export interface LumaWarpOptions {
  /** Carry a map of coordinates and sample the keyframe once, instead of warping picture after picture. */
  readonly isCarried: boolean;
  /** How the vectors of the four nearest cells make a pixel's. */
  readonly vectors: 'block' | 'smooth' | 'edge' | 'obmc';
  /** For `edge`: difference of vectors at which a neighbour counts a quarter, px. */
  readonly edgePx?: number;
  /** Share of the spread of the four vectors (px²) that is added to a pixel's variance of place. */
  readonly spread?: number;
  /** Share of the squared distance outside the picture that is added to it. */
  readonly outside?: number;
}

/** Standard deviations of the keyframe's blurred versions, px. */
const BLURS_PX = [0, 1, 2, 4, 8];

/** The four cells around a pixel: index of the first, and the bilinear weights. */
interface Cells {
  readonly at: readonly number[];
  readonly weights: readonly number[];
}

/** Variants of motion compensation on luma, written for comparison and not for speed. */
export class LumaWarp {
  readonly #geometry: Geometry;
  readonly #options: LumaWarpOptions;
  readonly #cells: readonly Cells[];
  readonly #blurred: readonly Float32Array[];
  #picture: Float32Array;
  #map: { x: Float32Array; y: Float32Array; variance: Float32Array };

  constructor(geometry: Geometry, luma: Float32Array, options: LumaWarpOptions) {
    this.#geometry = geometry;
    this.#options = options;
    this.#cells = cellsOf(geometry);
    this.#picture = luma;
    const isBlurred = options.spread !== undefined || options.outside !== undefined;
    const size = { width: geometry.visual.width, height: geometry.visual.height };
    this.#blurred = isBlurred ? BLURS_PX.map((sigma) => gaussian(luma, size, sigma)) : [luma];
    this.#map = emptyMap(luma.length);
  }

  /** Luma after one more field. */
  advance({ dx, dy }: Motion): Float32Array {
    const { width, height } = this.#geometry.visual;
    const { isCarried, vectors, spread = 0 } = this.#options;
    const next = emptyMap(this.#picture.length);
    const picture = new Float32Array(this.#picture.length);
    const moveX = dx.map((value) => value * width);
    const moveY = dy.map((value) => value * height);
    for (let y = 0, pixel = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1, pixel += 1) {
        const cells = this.#cells[pixel]!;
        const mixed = mix(moveX, moveY, cells, this.#options);
        const fromX = x - mixed.x;
        const fromY = y - mixed.y;
        next.x[pixel] = this.#sample(this.#map.x, fromX, fromY) - mixed.x;
        next.y[pixel] = this.#sample(this.#map.y, fromX, fromY) - mixed.y;
        next.variance[pixel] = this.#sample(this.#map.variance, fromX, fromY) + spread * mixed.spread;
        if (vectors === 'obmc') {
          for (const [index, cell] of cells.at.entries())
            picture[pixel]! += cells.weights[index]! * this.#predict(x - moveX[cell]!, y - moveY[cell]!);
        } else
          picture[pixel] = isCarried
            ? this.#blurredAt(x + next.x[pixel]!, y + next.y[pixel]!, next.variance[pixel]!)
            : this.#sample(this.#picture, fromX, fromY);
      }
    }
    this.#map = next;
    this.#picture = picture;
    return picture;
  }

  /** What one cell's vector predicts, from the picture before or through the map. */
  #predict(x: number, y: number): number {
    if (!this.#options.isCarried) return this.#sample(this.#picture, x, y);
    return this.#blurredAt(x + this.#sample(this.#map.x, x, y), y + this.#sample(this.#map.y, x, y), 0);
  }

  #blurredAt(x: number, y: number, variance: number): number {
    const { width, height } = this.#geometry.visual;
    const outsideX = x - Math.max(0, Math.min(width - 1, x));
    const outsideY = y - Math.max(0, Math.min(height - 1, y));
    const outside = (this.#options.outside ?? 0) * (outsideX ** 2 + outsideY ** 2);
    const sigma = this.#blurred.length > 1 ? Math.sqrt(variance + outside) : 0;
    const level = sigma < 1 ? 0 : Math.min(BLURS_PX.length - 2, 1 + Math.floor(Math.log2(sigma)));
    const sharp = this.#sample(this.#blurred[level]!, x, y);
    if (sigma === 0) return sharp;
    const share = Math.min(1, (sigma - BLURS_PX[level]!) / (BLURS_PX[level + 1]! - BLURS_PX[level]!));
    return sharp + (this.#sample(this.#blurred[level + 1]!, x, y) - sharp) * share;
  }

  /** Bilinear; what lies outside takes the value of the edge. */
  #sample(plane: Float32Array, atX: number, atY: number): number {
    const { width, height } = this.#geometry.visual;
    const x = Math.max(0, Math.min(width - 1, atX));
    const y = Math.max(0, Math.min(height - 1, atY));
    const left = Math.min(Math.floor(x), width - 2);
    const top = Math.min(Math.floor(y), height - 2);
    const at = top * width + left;
    const upper = plane[at]! + (plane[at + 1]! - plane[at]!) * (x - left);
    const lower = plane[at + width]! + (plane[at + width + 1]! - plane[at + width]!) * (x - left);
    return upper + (lower - upper) * (y - top);
  }
}

const emptyMap = (length: number) => ({
  x: new Float32Array(length),
  y: new Float32Array(length),
  variance: new Float32Array(length),
});

/** The vector that a pixel is carried by, px, and how far the four around it differ, px². */
function mix(
  moveX: Float32Array,
  moveY: Float32Array,
  { at, weights }: Cells,
  { vectors, edgePx = 1 }: LumaWarpOptions,
): { x: number; y: number; spread: number } {
  let nearest = 0;
  let meanX = 0;
  let meanY = 0;
  for (let index = 0; index < 4; index += 1) {
    if (weights[index]! > weights[nearest]!) nearest = index;
    meanX += weights[index]! * moveX[at[index]!]!;
    meanY += weights[index]! * moveY[at[index]!]!;
  }
  const nearX = moveX[at[nearest]!]!;
  const nearY = moveY[at[nearest]!]!;
  let spread = 0;
  let total = 0;
  let x = 0;
  let y = 0;
  for (let index = 0; index < 4; index += 1) {
    const ownX = moveX[at[index]!]!;
    const ownY = moveY[at[index]!]!;
    spread += weights[index]! * ((ownX - meanX) ** 2 + (ownY - meanY) ** 2);
    const unlikeness = 1 + ((ownX - nearX) ** 2 + (ownY - nearY) ** 2) / edgePx ** 2;
    const share = weights[index]! / unlikeness ** 2;
    total += share;
    x += share * ownX;
    y += share * ownY;
  }
  if (vectors === 'smooth') return { x: meanX, y: meanY, spread };
  if (vectors === 'edge') return { x: x / total, y: y / total, spread };
  return { x: nearX, y: nearY, spread };
}

function cellsOf({ visual, motion }: Geometry): Cells[] {
  const cells: Cells[] = [];
  for (let y = 0; y < visual.height; y += 1) {
    const cellY = Math.max(0, Math.min(motion.rows - 1, ((y + 0.5) * motion.rows) / visual.height - 0.5));
    const row = Math.min(Math.floor(cellY), motion.rows - 2);
    for (let x = 0; x < visual.width; x += 1) {
      const cellX = Math.max(
        0,
        Math.min(motion.columns - 1, ((x + 0.5) * motion.columns) / visual.width - 0.5),
      );
      const column = Math.min(Math.floor(cellX), motion.columns - 2);
      const [right, down] = [cellX - column, cellY - row];
      const at = row * motion.columns + column;
      cells.push({
        at: [at, at + 1, at + motion.columns, at + motion.columns + 1],
        weights: [(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down],
      });
    }
  }
  return cells;
}

function gaussian(plane: Float32Array, size: { width: number; height: number }, sigma: number): Float32Array {
  if (sigma === 0) return plane;
  const across = convolve(plane, { ...size, step: 1, count: size.width }, sigma);
  return convolve(across, { ...size, step: size.width, count: size.height }, sigma);
}

/** Along one axis, `step` apart, `count` long; edges drawn out. */
function convolve(
  plane: Float32Array,
  { width, step, count }: { width: number; step: number; count: number },
  sigma: number,
): Float32Array {
  const radius = Math.ceil(sigma * 3);
  const kernel = Array.from({ length: 2 * radius + 1 }, (_, at) =>
    Math.exp(-((at - radius) ** 2) / (2 * sigma ** 2)),
  );
  const total = kernel.reduce((sum, value) => sum + value, 0);
  return plane.map((_, pixel) => {
    const place = step === 1 ? pixel % width : Math.floor(pixel / width);
    return (
      kernel.reduce((sum, weight, at) => {
        const clamped = Math.max(0, Math.min(count - 1, place + at - radius));
        return sum + weight * plane[pixel + (clamped - place) * step]!;
      }, 0) / total
    );
  });
}
