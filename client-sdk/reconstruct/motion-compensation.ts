import { BlurPyramid } from './blur-pyramid.ts';
import { clamp } from './clamp.ts';
import type { Geometry } from './detokenizer.ts';

/** Vectors shorter than this stand for no motion: coding noise would wear a still picture away. */
const STILL_PX = 1 / 16;
/** A neighbouring cell whose vector differs by this much counts a quarter: motion does not reach over edges. */
const EDGE_PX = 1;
/** Share of the spread of the vectors around a pixel that makes its place uncertain. */
const SPREAD_SHARE = 0.04;

/** Pixels of a line between the centres of the same two cells, on the same side of the middle between them. */
interface Span {
  /** Column of the left one. */
  readonly cell: number;
  readonly isLeft: boolean;
  readonly from: number;
  end: number;
}

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
  /** By pixel column: how far right it lies between the centres of two cells, 0 to 1. */
  readonly #rightOf: Float32Array;
  /** The pixels of a line, from left to right. */
  readonly #spans: Span[] = [];
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
    this.#rightOf = new Float32Array(visual.width);
    for (let x = 0; x < visual.width; x += 1) {
      const across = ((x + 0.5) * motion.columns) / visual.width - 0.5;
      const cell = clamp(Math.floor(across), motion.columns - 2);
      this.#rightOf[x] = clamp(across - cell, 1);
      const isLeft = this.#rightOf[x]! < 0.5;
      const last = this.#spans.at(-1);
      if (last?.cell === cell && last.isLeft === isLeft) last.end = x + 1;
      else this.#spans.push({ cell, isLeft, from: x, end: x + 1 });
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
    for (let y = 0; y < this.#height; y += 1) {
      for (const span of this.#spans) this.#composeSpan(span, y);
    }
    [this.#map, this.#nextMap] = [this.#nextMap, this.#map];
    return true;
  }

  /** The present picture: uint8 [height, width, 3], RGB; the caller owns it. */
  render(): Uint8Array {
    const rgb = new Uint8Array(this.#map.length);
    for (let y = 0, at = 0; y < this.#height; y += 1) {
      for (let x = 0; x < this.#width; x += 1, at += 3) this.#keyframe.sample(x, y, this.#map, rgb, at);
    }
    return rgb;
  }

  /** Moves the map on within a span of one line. */
  #composeSpan({ cell, isLeft, from, end }: Span, y: number): void {
    const width = this.#width;
    const height = this.#height;
    const map = this.#map;
    const next = this.#nextMap;
    const rightOf = this.#rightOf;
    const along = ((y + 0.5) * this.#rows) / height - 0.5;
    const row = clamp(Math.floor(along), this.#rows - 2);
    const down = clamp(along - row, 1);
    // The vectors of the four cells around: a b over c d.
    const a = row * this.#columns + cell;
    const c = a + this.#columns;
    const aX = this.#moveX[a]!;
    const bX = this.#moveX[a + 1]!;
    const cX = this.#moveX[c]!;
    const dX = this.#moveX[c + 1]!;
    const aY = this.#moveY[a]!;
    const bY = this.#moveY[a + 1]!;
    const cY = this.#moveY[c]!;
    const dY = this.#moveY[c + 1]!;
    const isUniform = aX === bX && aX === cX && aX === dX && aY === bY && aY === cY && aY === dY;
    const nearX = down < 0.5 ? (isLeft ? aX : bX) : isLeft ? cX : dX;
    const nearY = down < 0.5 ? (isLeft ? aY : bY) : isLeft ? cY : dY;
    const likeA = likeness(aX - nearX, aY - nearY);
    const likeB = likeness(bX - nearX, bY - nearY);
    const likeC = likeness(cX - nearX, cY - nearY);
    const likeD = likeness(dX - nearX, dY - nearY);
    for (let x = from, at = (y * width + from) * 3; x < end; x += 1, at += 3) {
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
        const va = wa * likeA;
        const vb = wb * likeB;
        const vc = wc * likeC;
        const vd = wd * likeD;
        const share = 1 / (va + vb + vc + vd);
        x0 = (va * aX + vb * bX + vc * cX + vd * dX) * share;
        y0 = (va * aY + vb * bY + vc * cY + vd * dY) * share;
      }
      // The map at the place that the pixel comes from; beyond the edges it goes on in parallel, so that what left can
      // come back. Written out, because numbers handed to a function are put on the heap.
      const fromX = clamp(x - x0, width - 1);
      const fromY = clamp(y - y0, height - 1);
      const left = clamp(fromX | 0, width - 2);
      const top = clamp(fromY | 0, height - 2);
      const toRight = fromX - left;
      const toBottom = fromY - top;
      const above = (top * width + left) * 3;
      const below = above + width * 3;
      const ma = (1 - toRight) * (1 - toBottom);
      const mb = toRight * (1 - toBottom);
      const mc = (1 - toRight) * toBottom;
      const md = toRight * toBottom;
      next[at] = ma * map[above]! + mb * map[above + 3]! + mc * map[below]! + md * map[below + 3]! - x0;
      next[at + 1] =
        ma * map[above + 1]! + mb * map[above + 4]! + mc * map[below + 1]! + md * map[below + 4]! - y0;
      next[at + 2] =
        ma * map[above + 2]! +
        mb * map[above + 5]! +
        mc * map[below + 2]! +
        md * map[below + 5]! +
        SPREAD_SHARE * spread;
    }
  }
}

const square = (x: number, y: number): number => x * x + y * y;

function likeness(x: number, y: number): number {
  const difference = 1 + (x * x + y * y) / (EDGE_PX * EDGE_PX);
  return 1 / (difference * difference);
}
