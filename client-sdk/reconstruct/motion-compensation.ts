import type { Geometry } from './detokenizer.ts';

/**
 * Rebuilds the pictures of one clip from its decoded keyframe and its motion fields.
 *
 * It carries a map of coordinates (where in the keyframe each pixel comes from), composes it field after field and
 * samples the keyframe once, so that detail does not blur away with the number of pictures.
 */
export class MotionCompensation {
  readonly #width: number;
  readonly #height: number;
  readonly #columns: number;
  readonly #rows: number;
  /** float32 [height, width, 3], 0 to 255. */
  readonly #keyframe: Float32Array;
  /** Where each pixel comes from, minus its own place, px; exactly 0 where nothing has moved. */
  #offsetX: Float32Array;
  #offsetY: Float32Array;
  #nextX: Float32Array;
  #nextY: Float32Array;

  constructor({ visual, motion }: Geometry) {
    this.#width = visual.width;
    this.#height = visual.height;
    this.#columns = motion.columns;
    this.#rows = motion.rows;
    const pixels = visual.width * visual.height;
    this.#keyframe = new Float32Array(pixels * 3);
    this.#offsetX = new Float32Array(pixels);
    this.#offsetY = new Float32Array(pixels);
    this.#nextX = new Float32Array(pixels);
    this.#nextY = new Float32Array(pixels);
  }

  /** Starts a clip; copies its keyframe: float32 [3, height, width], RGB, [0, 1]. */
  begin(keyframe: Float32Array): void {
    const pixels = this.#width * this.#height;
    for (let plane = 0; plane < 3; plane += 1) {
      for (let pixel = 0; pixel < pixels; pixel += 1) {
        const value = keyframe[plane * pixels + pixel]! * 255;
        this.#keyframe[pixel * 3 + plane] = clamp(value, 255);
      }
    }
    this.#offsetX.fill(0);
    this.#offsetY.fill(0);
  }

  /**
   * Moves on by one field: float32 [rows, columns] each, displacement as a fraction of width and height.
   * Says whether anything moved.
   */
  advance(dx: Float32Array, dy: Float32Array): boolean {
    if (isStill(dx, dy, this.#width, this.#height)) return false;
    this.#compose(dx, dy);
    [this.#offsetX, this.#nextX] = [this.#nextX, this.#offsetX];
    [this.#offsetY, this.#nextY] = [this.#nextY, this.#offsetY];
    return true;
  }

  /** The present picture: uint8 [height, width, 3], RGB; the caller owns it. */
  render(): Uint8Array {
    const width = this.#width;
    const height = this.#height;
    const source = this.#keyframe;
    const rgb = new Uint8Array(width * height * 3);
    for (let y = 0, pixel = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1, pixel += 1) {
        const fromX = clamp(x + this.#offsetX[pixel]!, width - 1);
        const fromY = clamp(y + this.#offsetY[pixel]!, height - 1);
        const left = Math.min(fromX | 0, width - 2);
        const top = Math.min(fromY | 0, height - 2);
        const right = fromX - left;
        const bottom = fromY - top;
        const above = (top * width + left) * 3;
        const below = above + width * 3;
        for (let channel = 0; channel < 3; channel += 1) {
          const a = source[above + channel]!;
          const b = source[below + channel]!;
          const upper = a + (source[above + channel + 3]! - a) * right;
          const lower = b + (source[below + channel + 3]! - b) * right;
          rgb[pixel * 3 + channel] = upper + (lower - upper) * bottom + 0.5;
        }
      }
    }
    return rgb;
  }

  #compose(dx: Float32Array, dy: Float32Array): void {
    const width = this.#width;
    const height = this.#height;
    const columns = this.#columns;
    const rows = this.#rows;
    for (let y = 0, pixel = 0; y < height; y += 1) {
      const cellY = ((y + 0.5) * rows) / height - 0.5;
      const row = clamp(Math.floor(cellY), rows - 2);
      const downward = clamp(cellY - row, 1);
      for (let x = 0; x < width; x += 1, pixel += 1) {
        const cellX = ((x + 0.5) * columns) / width - 0.5;
        const column = clamp(Math.floor(cellX), columns - 2);
        const rightward = clamp(cellX - column, 1);
        const cell = row * columns + column;
        const moveX = mix(dx, cell, columns, rightward, downward) * width;
        const moveY = mix(dy, cell, columns, rightward, downward) * height;
        const fromX = clamp(x - moveX, width - 1);
        const fromY = clamp(y - moveY, height - 1);
        const left = Math.min(fromX | 0, width - 2);
        const top = Math.min(fromY | 0, height - 2);
        const at = top * width + left;
        this.#nextX[pixel] = mix(this.#offsetX, at, width, fromX - left, fromY - top) - moveX;
        this.#nextY[pixel] = mix(this.#offsetY, at, width, fromX - left, fromY - top) - moveY;
      }
    }
  }
}

const clamp = (value: number, max: number): number => Math.max(0, Math.min(value, max));

function mix(plane: Float32Array, at: number, stride: number, rightward: number, downward: number): number {
  const a = plane[at]!;
  const b = plane[at + stride]!;
  const upper = a + (plane[at + 1]! - a) * rightward;
  const lower = b + (plane[at + stride + 1]! - b) * rightward;
  return upper + (lower - upper) * downward;
}

/** Motion below 1/64 px is the codebook's noise, not motion. */
function isStill(dx: Float32Array, dy: Float32Array, width: number, height: number): boolean {
  const leastX = 1 / 64 / width;
  const leastY = 1 / 64 / height;
  return dx.every((value) => Math.abs(value) < leastX) && dy.every((value) => Math.abs(value) < leastY);
}
