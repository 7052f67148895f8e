import { clamp } from './clamp.ts';

/**
 * Standard deviations of the levels, px. Each level is the one before it convolved with [1 4 6 4 1] / 16, its taps 1, 2
 * and then 4 px apart, which adds 1, 4 and 16 px² of variance.
 */
const SIGMAS_PX = [0, 1, Math.sqrt(5), Math.sqrt(21)];

/** Blur of less variance than this, px², nobody sees; sampling two levels takes twice as long. */
const LEAST_VARIANCE = 0.02;

/** Distance between the taps that lead to a level, px. */
const gapOf = (level: number): number => 2 ** (level - 1);

/** A picture with blurred versions of itself, from which a map picks the pixels of another. */
export class BlurPyramid {
  readonly #width: number;
  readonly #height: number;
  /** float32 [height, width, 3] each, 0 to 255; those after the first are made when they are needed. */
  readonly #levels: readonly Float32Array[];
  /** Levels that have been made of the present picture. */
  #made = 0;
  /** A level that is blurred along its lines only. */
  readonly #half: Float32Array;
  /** A line between repetitions of its end pixels. */
  readonly #line: Float32Array;

  constructor({ width, height }: { readonly width: number; readonly height: number }) {
    this.#width = width;
    this.#height = height;
    this.#levels = SIGMAS_PX.map(() => new Float32Array(width * height * 3));
    this.#half = new Float32Array(width * height * 3);
    this.#line = new Float32Array((width + 4 * gapOf(SIGMAS_PX.length - 1)) * 3);
  }

  /** Copies a picture: float32 [3, height, width], RGB, [0, 1]; what lies outside that range is clipped. */
  load(planes: Float32Array): void {
    const pixels = this.#width * this.#height;
    const sharp = this.#levels[0]!;
    for (let plane = 0; plane < 3; plane += 1) {
      for (let pixel = 0; pixel < pixels; pixel += 1) {
        sharp[pixel * 3 + plane] = clamp(planes[plane * pixels + pixel]! * 255, 255);
      }
    }
    this.#made = 1;
  }

  /**
   * Writes the three bytes of the pixel (x, y). The map says at the same place where it comes from, minus its own place,
   * px in x and y, and the variance by which it is blurred, px². What comes from outside is the nearest edge, blurred
   * the more the farther out it lies. Without blur that can be seen, whole places give the picture's own values, rounded.
   */
  sample(x: number, y: number, map: Float32Array, into: Uint8Array, at: number): void {
    const fromX = x + map[at]!;
    const fromY = y + map[at + 1]!;
    const insideX = clamp(fromX, this.#width - 1);
    const insideY = clamp(fromY, this.#height - 1);
    const outX = fromX - insideX;
    const outY = fromY - insideY;
    const variance = map[at + 2]! + outX * outX + outY * outY;
    const left = clamp(insideX | 0, this.#width - 2);
    const top = clamp(insideY | 0, this.#height - 2);
    const right = insideX - left;
    const down = insideY - top;
    const above = (top * this.#width + left) * 3;
    const below = above + this.#width * 3;
    const wa = (1 - right) * (1 - down);
    const wb = right * (1 - down);
    const wc = (1 - right) * down;
    const wd = right * down;
    const level = variance < 1 ? 0 : variance < 5 ? 1 : 2;
    // Unrolled: loops over the channels take twice as long.
    const s = this.#levels[level]!;
    if (variance <= LEAST_VARIANCE) {
      into[at] = wa * s[above]! + wb * s[above + 3]! + wc * s[below]! + wd * s[below + 3]! + 0.5;
      into[at + 1] = wa * s[above + 1]! + wb * s[above + 4]! + wc * s[below + 1]! + wd * s[below + 4]! + 0.5;
      into[at + 2] = wa * s[above + 2]! + wb * s[above + 5]! + wc * s[below + 2]! + wd * s[below + 5]! + 0.5;
      return;
    }
    if (this.#made < level + 2) this.#make(level + 1);
    const b = this.#levels[level + 1]!;
    const finer = SIGMAS_PX[level]!;
    const share = Math.min(1, (Math.sqrt(variance) - finer) / (SIGMAS_PX[level + 1]! - finer));
    let red = wa * s[above]! + wb * s[above + 3]! + wc * s[below]! + wd * s[below + 3]!;
    let green = wa * s[above + 1]! + wb * s[above + 4]! + wc * s[below + 1]! + wd * s[below + 4]!;
    let blue = wa * s[above + 2]! + wb * s[above + 5]! + wc * s[below + 2]! + wd * s[below + 5]!;
    red += (wa * b[above]! + wb * b[above + 3]! + wc * b[below]! + wd * b[below + 3]! - red) * share;
    green +=
      (wa * b[above + 1]! + wb * b[above + 4]! + wc * b[below + 1]! + wd * b[below + 4]! - green) * share;
    blue +=
      (wa * b[above + 2]! + wb * b[above + 5]! + wc * b[below + 2]! + wd * b[below + 5]! - blue) * share;
    into[at] = red + 0.5;
    into[at + 1] = green + 0.5;
    into[at + 2] = blue + 0.5;
  }

  /** Makes the levels that are still missing up to one. */
  #make(last: number): void {
    for (let level = this.#made; level <= last; level += 1) {
      const gap = gapOf(level);
      for (let y = 0; y < this.#height; y += 1) this.#blurLine(this.#levels[level - 1]!, y, gap);
      for (let y = 0; y < this.#height; y += 1) this.#blurAcross(this.#levels[level]!, y, gap);
    }
    this.#made = last + 1;
  }

  /** Blurs one line of a level into the half-blurred one; beyond its ends it takes their values. */
  #blurLine(source: Float32Array, y: number, gap: number): void {
    const length = this.#width * 3;
    const from = y * length;
    const line = this.#line;
    const reach = 2 * gap * 3;
    for (let at = 0; at < reach; at += 1) {
      line[at] = source[from + (at % 3)]!;
      line[reach + length + at] = source[from + length - 3 + (at % 3)]!;
    }
    line.set(source.subarray(from, from + length), reach);
    const near = 3 * gap;
    const half = this.#half;
    for (let at = 0; at < length; at += 1) {
      const outer = line[at]! + line[at + 4 * near]!;
      const inner = line[at + near]! + line[at + 3 * near]!;
      half[from + at] = (outer + 4 * inner + 6 * line[at + 2 * near]!) / 16;
    }
  }

  /** Blurs the half-blurred level across its lines into one line of the target. */
  #blurAcross(target: Float32Array, y: number, gap: number): void {
    const length = this.#width * 3;
    const last = this.#height - 1;
    const half = this.#half;
    const a = Math.max(0, y - 2 * gap) * length;
    const b = Math.max(0, y - gap) * length;
    const c = y * length;
    const d = Math.min(last, y + gap) * length;
    const e = Math.min(last, y + 2 * gap) * length;
    for (let at = 0; at < length; at += 1) {
      const outer = half[a + at]! + half[e + at]!;
      const inner = half[b + at]! + half[d + at]!;
      target[c + at] = (outer + 4 * inner + 6 * half[c + at]!) / 16;
    }
  }
}
