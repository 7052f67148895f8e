/** Size that displacements are told at, px: that of the paper's coded pictures. */
export const MOTION_ERROR_SIZE = { widthPx: 576, heightPx: 320 } as const;

/** Below this a cell does not move, px. */
export const STILL_PX = 0.25;
/** Above this a decoded cell moves, px. */
export const MOVING_PX = 0.5;

/** Fineness and range of the median, px; longer errors count as `RANGE_PX`. */
const STEP_PX = 1 / 256;
const RANGE_PX = 256;

/** True motion, what was decoded in its place, and which cells count: all [cells], displacements as fractions. */
export interface FieldPair {
  readonly trueX: Float32Array;
  readonly trueY: Float32Array;
  readonly decodedX: Float32Array;
  readonly decodedY: Float32Array;
  /** 1 where the cell carries a true vector. */
  readonly mask: Uint8Array;
}

/** How far decoded motion is from the true one, over the unmasked cells of many fields; needs memory for none of them. */
export class MotionError {
  readonly #histogram = new Float64Array(RANGE_PX / STEP_PX + 1);
  #cells = 0;
  #squaredError = 0;
  #squaredMotion = 0;
  #stillCells = 0;
  #falseCells = 0;

  add({ trueX, trueY, decodedX, decodedY, mask }: FieldPair): void {
    const { widthPx, heightPx } = MOTION_ERROR_SIZE;
    for (let cell = 0; cell < mask.length; cell++) {
      if (!mask[cell]) continue;
      const x = trueX[cell]! * widthPx;
      const y = trueY[cell]! * heightPx;
      const guessX = decodedX[cell]! * widthPx;
      const guessY = decodedY[cell]! * heightPx;
      const squaredError = (x - guessX) ** 2 + (y - guessY) ** 2;
      const squaredMotion = x * x + y * y;
      this.#cells += 1;
      this.#squaredError += squaredError;
      this.#squaredMotion += squaredMotion;
      this.#histogram[Math.round(Math.min(Math.sqrt(squaredError), RANGE_PX) / STEP_PX)]! += 1;
      if (squaredMotion >= STILL_PX ** 2) continue;
      this.#stillCells += 1;
      if (guessX * guessX + guessY * guessY > MOVING_PX ** 2) this.#falseCells += 1;
    }
  }

  /** Cells counted. */
  get cells(): number {
    return this.#cells;
  }

  /** Median length of the error, px, to the nearest 1/256; null without cells. */
  get medianPx(): number | null {
    let below = 0;
    for (let step = 0; step < this.#histogram.length; step++) {
      below += this.#histogram[step]!;
      if (below > 0 && below * 2 >= this.#cells) return step * STEP_PX;
    }
    return null;
  }

  /** 1 - sum of squared errors / sum of squared motion; null where nothing moves. */
  get explainedShare(): number | null {
    return this.#squaredMotion === 0 ? null : 1 - this.#squaredError / this.#squaredMotion;
  }

  /** The share of the cells that do not stand still; null without cells. */
  get movingShare(): number | null {
    return this.#cells === 0 ? null : 1 - this.#stillCells / this.#cells;
  }

  /** Of the cells that stand still, the share that was decoded as moving; null where none stands still. */
  get falseShare(): number | null {
    return this.#stillCells === 0 ? null : this.#falseCells / this.#stillCells;
  }
}
