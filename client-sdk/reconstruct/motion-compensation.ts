import { BlurPyramid } from './blur-pyramid.ts';
import type { Geometry } from './detokenizer.ts';

/** Vectors shorter than this stand for no motion: coding noise would wear a still picture away. */
const STILL_PX = 1 / 16;
/** A neighbouring cell whose vector differs by this much counts a quarter: motion does not reach over edges. */
const EDGE_PX = 1;
/** Share of the spread of the vectors around a pixel that makes its place uncertain. */
const SPREAD_SHARE = 0.04;

/**
 * Rebuilds the pictures of one clip from its decoded keyframe and its motion fields.
 *
 * It carries a map (where in the keyframe each pixel comes from, and how uncertain that is), composes it field after
 * field and samples the keyframe once, so that detail does not blur away with the number of pictures. What is
 * uncertain, and what has come in from outside the picture, is sampled from a blurred keyframe. Still parts stay as
 * they are, byte for byte. Figures of this and other ways: test/bench/warp-variants.ts.
 */
export class MotionCompensation {
  readonly #width: number;
  readonly #height: number;
  readonly #columns: number;
  readonly #rows: number;
  readonly #keyframe: BlurPyramid;
  /** Vectors in px, one after another. */
  readonly #moveX: Float32Array;
  readonly #moveY: Float32Array;
  /** By pixel column: the cell to its left, and how far right of that cell's centre it lies, 0 to 1. */
  readonly #cellOf: Int32Array;
  readonly #rightOf: Float32Array;
  /**
   * float32 [height, width, 3]: where a pixel comes from, minus its own place, px in x and y, exactly 0 where nothing has
   * moved; and the variance of that, px².
   */
  #map: Float32Array;
  #nextMap: Float32Array;

  constructor({ visual, motion }: Geometry) {
    this.#width = visual.width;
    this.#height = visual.height;
    this.#columns = motion.columns;
    this.#rows = motion.rows;
    this.#keyframe = new BlurPyramid(visual);
    this.#moveX = new Float32Array(motion.columns * motion.rows);
    this.#moveY = new Float32Array(motion.columns * motion.rows);
    this.#map = new Float32Array(visual.width * visual.height * 3);
    this.#nextMap = new Float32Array(visual.width * visual.height * 3);
    this.#cellOf = new Int32Array(visual.width);
    this.#rightOf = new Float32Array(visual.width);
    for (let x = 0; x < visual.width; x += 1) {
      const across = ((x + 0.5) * motion.columns) / visual.width - 0.5;
      const cell = clamp(Math.floor(across), motion.columns - 2);
      this.#cellOf[x] = cell;
      this.#rightOf[x] = clamp(across - cell, 1);
    }
  }

  /** Starts a clip; copies its keyframe: float32 [3, height, width], RGB, [0, 1]. */
  begin(keyframe: Float32Array): void {
    this.#keyframe.load(keyframe);
    this.#map.fill(0);
  }

  /**
   * Moves on by one field: float32 [rows, columns] each, displacement as a fraction of width and height.
   * Says whether anything moved.
   */
  advance(dx: Float32Array, dy: Float32Array): boolean {
    let isMoving = false;
    for (let cell = 0; cell < this.#moveX.length; cell += 1) {
      const x = dx[cell]! * this.#width;
      const y = dy[cell]! * this.#height;
      const isStill = x * x + y * y < STILL_PX * STILL_PX;
      this.#moveX[cell] = isStill ? 0 : x;
      this.#moveY[cell] = isStill ? 0 : y;
      isMoving ||= !isStill;
    }
    if (!isMoving) return false;
    for (let y = 0; y < this.#height; y += 1) this.#composeLine(y);
    [this.#map, this.#nextMap] = [this.#nextMap, this.#map];
    return true;
  }

  /** The present picture: uint8 [height, width, 3], RGB; the caller owns it. */
  render(): Uint8Array {
    const width = this.#width;
    const height = this.#height;
    const map = this.#map;
    const keyframe = this.#keyframe;
    const rgb = new Uint8Array(width * height * 3);
    for (let y = 0, at = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1, at += 3) {
        const fromX = x + map[at]!;
        const fromY = y + map[at + 1]!;
        const insideX = clamp(fromX, width - 1);
        const insideY = clamp(fromY, height - 1);
        const outX = fromX - insideX;
        const outY = fromY - insideY;
        const variance = map[at + 2]! + outX * outX + outY * outY;
        keyframe.sample(insideX, insideY, variance, rgb, at);
      }
    }
    return rgb;
  }

  #composeLine(y: number): void {
    const width = this.#width;
    const moveX = this.#moveX;
    const moveY = this.#moveY;
    const map = this.#map;
    const next = this.#nextMap;
    const cellOf = this.#cellOf;
    const rightOf = this.#rightOf;
    const along = ((y + 0.5) * this.#rows) / this.#height - 0.5;
    const row = clamp(Math.floor(along), this.#rows - 2);
    const down = clamp(along - row, 1);
    let loaded = -1;
    // The vectors of the four cells around the pixel: a b over c d.
    let [aX, bX, cX, dX, aY, bY, cY, dY] = [0, 0, 0, 0, 0, 0, 0, 0];
    let isUniform = true;
    for (let x = 0, at = y * width * 3; x < width; x += 1, at += 3) {
      const cell = row * this.#columns + cellOf[x]!;
      if (cell !== loaded) {
        loaded = cell;
        const below = cell + this.#columns;
        aX = moveX[cell]!;
        bX = moveX[cell + 1]!;
        cX = moveX[below]!;
        dX = moveX[below + 1]!;
        aY = moveY[cell]!;
        bY = moveY[cell + 1]!;
        cY = moveY[below]!;
        dY = moveY[below + 1]!;
        isUniform = aX === bX && aX === cX && aX === dX && aY === bY && aY === cY && aY === dY;
      }
      let x0 = aX;
      let y0 = aY;
      let spread = 0;
      if (!isUniform) {
        const right = rightOf[x]!;
        const wa = (1 - right) * (1 - down);
        const wb = right * (1 - down);
        const wc = (1 - right) * down;
        const wd = right * down;
        const meanX = wa * aX + wb * bX + wc * cX + wd * dX;
        const meanY = wa * aY + wb * bY + wc * cY + wd * dY;
        spread =
          wa * square(aX - meanX, aY - meanY) +
          wb * square(bX - meanX, bY - meanY) +
          wc * square(cX - meanX, cY - meanY) +
          wd * square(dX - meanX, dY - meanY);
        const nearX = down < 0.5 ? (right < 0.5 ? aX : bX) : right < 0.5 ? cX : dX;
        const nearY = down < 0.5 ? (right < 0.5 ? aY : bY) : right < 0.5 ? cY : dY;
        const va = wa * likeness(aX - nearX, aY - nearY);
        const vb = wb * likeness(bX - nearX, bY - nearY);
        const vc = wc * likeness(cX - nearX, cY - nearY);
        const vd = wd * likeness(dX - nearX, dY - nearY);
        const share = 1 / (va + vb + vc + vd);
        x0 = (va * aX + vb * bX + vc * cX + vd * dX) * share;
        y0 = (va * aY + vb * bY + vc * cY + vd * dY) * share;
      }
      this.#fetch(map, x - x0, y - y0, next, at);
      next[at] = next[at]! - x0;
      next[at + 1] = next[at + 1]! - y0;
      next[at + 2] = next[at + 2]! + SPREAD_SHARE * spread;
    }
  }

  /** The map at a place, bilinear; beyond the edges it goes on in parallel, so that what left can come back. */
  #fetch(map: Float32Array, fromX: number, fromY: number, into: Float32Array, at: number): void {
    const width = this.#width;
    const x = clamp(fromX, width - 1);
    const y = clamp(fromY, this.#height - 1);
    const left = Math.min(x | 0, width - 2);
    const top = Math.min(y | 0, this.#height - 2);
    const right = x - left;
    const down = y - top;
    const above = (top * width + left) * 3;
    const below = above + width * 3;
    const wa = (1 - right) * (1 - down);
    const wb = right * (1 - down);
    const wc = (1 - right) * down;
    const wd = right * down;
    // Unrolled: a loop over the three takes twice as long.
    into[at] = wa * map[above]! + wb * map[above + 3]! + wc * map[below]! + wd * map[below + 3]!;
    into[at + 1] = wa * map[above + 1]! + wb * map[above + 4]! + wc * map[below + 1]! + wd * map[below + 4]!;
    into[at + 2] = wa * map[above + 2]! + wb * map[above + 5]! + wc * map[below + 2]! + wd * map[below + 5]!;
  }
}

const clamp = (value: number, max: number): number => Math.max(0, Math.min(value, max));

const square = (x: number, y: number): number => x * x + y * y;

function likeness(x: number, y: number): number {
  const difference = 1 + (x * x + y * y) / (EDGE_PX * EDGE_PX);
  return 1 / (difference * difference);
}
