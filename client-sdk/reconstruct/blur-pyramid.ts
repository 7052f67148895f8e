/**
 * Standard deviations of the levels, px. Each level is the one before it convolved with [1 4 6 4 1] / 16, its taps 1, 2
 * and then 4 px apart, which adds 1, 4 and 16 px² of variance.
 */
const SIGMAS_PX = [0, 1, Math.sqrt(5), Math.sqrt(21)];

/** Blur of less variance than this, px², nobody sees; sampling two levels takes twice as long. */
const LEAST_VARIANCE = 0.02;

/** A picture with blurred versions of itself, sampled at any place and blur between them. */
export class BlurPyramid {
  readonly #width: number;
  readonly #height: number;
  /** float32 [height, width, 3] each, 0 to 255; those after the first are made when they are needed. */
  readonly #levels: readonly Float32Array[];
  readonly #line: Float32Array;
  #isBlurred = false;

  constructor({ width, height }: { readonly width: number; readonly height: number }) {
    this.#width = width;
    this.#height = height;
    this.#levels = SIGMAS_PX.map(() => new Float32Array(width * height * 3));
    this.#line = new Float32Array(Math.max(width, height) * 3);
  }

  /** Copies a picture: float32 [3, height, width], RGB, [0, 1]; what lies outside that range is clipped. */
  load(planes: Float32Array): void {
    const pixels = this.#width * this.#height;
    const sharp = this.#levels[0]!;
    for (let plane = 0; plane < 3; plane += 1) {
      for (let pixel = 0; pixel < pixels; pixel += 1) {
        sharp[pixel * 3 + plane] = Math.max(0, Math.min(planes[plane * pixels + pixel]! * 255, 255));
      }
    }
    this.#isBlurred = false;
  }

  /**
   * Writes the three bytes of a place within the picture, px, blurred by a variance, px². Without one, or with less than can be seen, whole places give
   * the picture's own values, rounded.
   */
  sample(x: number, y: number, variance: number, into: Uint8Array, at: number): void {
    const left = Math.min(x | 0, this.#width - 2);
    const top = Math.min(y | 0, this.#height - 2);
    const right = x - left;
    const down = y - top;
    const above = (top * this.#width + left) * 3;
    const below = above + this.#width * 3;
    let level = 0;
    let share = 0;
    if (variance > LEAST_VARIANCE) {
      if (!this.#isBlurred) this.#blur();
      const sigma = Math.sqrt(variance);
      level = variance < 1 ? 0 : variance < 5 ? 1 : 2;
      share = Math.min(1, (sigma - SIGMAS_PX[level]!) / (SIGMAS_PX[level + 1]! - SIGMAS_PX[level]!));
    }
    const wa = (1 - right) * (1 - down);
    const wb = right * (1 - down);
    const wc = (1 - right) * down;
    const wd = right * down;
    // Unrolled: loops over the channels take twice as long.
    const s = this.#levels[level]!;
    let red = wa * s[above]! + wb * s[above + 3]! + wc * s[below]! + wd * s[below + 3]!;
    let green = wa * s[above + 1]! + wb * s[above + 4]! + wc * s[below + 1]! + wd * s[below + 4]!;
    let blue = wa * s[above + 2]! + wb * s[above + 5]! + wc * s[below + 2]! + wd * s[below + 5]!;
    if (share > 0) {
      const b = this.#levels[level + 1]!;
      red += (wa * b[above]! + wb * b[above + 3]! + wc * b[below]! + wd * b[below + 3]! - red) * share;
      green +=
        (wa * b[above + 1]! + wb * b[above + 4]! + wc * b[below + 1]! + wd * b[below + 4]! - green) * share;
      blue +=
        (wa * b[above + 2]! + wb * b[above + 5]! + wc * b[below + 2]! + wd * b[below + 5]! - blue) * share;
    }
    into[at] = red + 0.5;
    into[at + 1] = green + 0.5;
    into[at + 2] = blue + 0.5;
  }

  #blur(): void {
    this.#isBlurred = true;
    for (let level = 1; level < SIGMAS_PX.length; level += 1) {
      const source = this.#levels[level - 1]!;
      const target = this.#levels[level]!;
      const gap = 2 ** (level - 1);
      for (let y = 0; y < this.#height; y += 1) {
        this.#convolve(source, target, { start: y * this.#width, step: 1, count: this.#width, gap });
      }
      for (let x = 0; x < this.#width; x += 1) {
        this.#convolve(target, target, { start: x, step: this.#width, count: this.#height, gap });
      }
    }
  }

  /** Along one line of pixels, `step` apart; beyond its ends it takes their values. */
  #convolve(
    source: Float32Array,
    target: Float32Array,
    { start, step, count, gap }: { start: number; step: number; count: number; gap: number },
  ): void {
    const line = this.#line;
    for (let place = 0; place < count; place += 1) {
      const at = (start + place * step) * 3;
      line[place * 3] = source[at]!;
      line[place * 3 + 1] = source[at + 1]!;
      line[place * 3 + 2] = source[at + 2]!;
    }
    for (let place = 0; place < count; place += 1) {
      const at = (start + place * step) * 3;
      const a = Math.max(0, place - 2 * gap) * 3;
      const b = Math.max(0, place - gap) * 3;
      const c = place * 3;
      const d = Math.min(count - 1, place + gap) * 3;
      const e = Math.min(count - 1, place + 2 * gap) * 3;
      for (let channel = 0; channel < 3; channel += 1) {
        const outer = line[a + channel]! + line[e + channel]!;
        const inner = line[b + channel]! + line[d + channel]!;
        target[at + channel] = (outer + 4 * inner + 6 * line[c + channel]!) / 16;
      }
    }
  }
}
