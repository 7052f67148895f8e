import type { BlockField } from './block-field.ts';

/** Cells of a motion field, whatever the size of the picture. */
export interface GridSize {
  readonly columns: number;
  readonly rows: number;
}

/** Motion on a pack's grid. */
export interface GridField {
  /** float32 [rows, columns]: forward displacement as a fraction of the picture's width and height; 0 where masked. */
  readonly dx: Float32Array;
  readonly dy: Float32Array;
  /** uint8 [rows, columns]: 1 where the cell carries a vector. */
  readonly mask: Uint8Array;
}

/** A cell carries a vector where at least this share of its area does. */
const MIN_VALID_SHARE = 0.5;

/** No motion anywhere. */
export function stillField(size: GridSize): GridField {
  const count = size.columns * size.rows;
  return {
    dx: new Float32Array(count),
    dy: new Float32Array(count),
    mask: new Uint8Array(count).fill(1),
  };
}

/**
 * Brings a field to a grid that is squashed over the picture. A cell takes the vector median of the blocks that it
 * overlaps, weighted by area: the one of their vectors whose distances to all others have the least sum. Unlike a
 * mean it keeps the edges of moving things sharp and ignores outliers.
 */
export function toGridField(field: BlockField, size: GridSize): GridField {
  const { columns, rows } = size;
  const grid = stillField(size);
  const across = overlaps(field.widthPx, columns, field.blockPx);
  const down = overlaps(field.heightPx, rows, field.blockPx);
  const cellArea = (field.widthPx / columns) * (field.heightPx / rows);
  const candidates = new VectorMedian(across.most * down.most);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      candidates.clear();
      for (const vertical of down.cells[row]!) {
        for (const horizontal of across.cells[column]!) {
          const block = vertical.block * field.columns + horizontal.block;
          if (!field.valid[block]) continue;
          candidates.add(field.dx[block]!, field.dy[block]!, vertical.lengthPx * horizontal.lengthPx);
        }
      }
      const cell = row * columns + column;
      const winner = candidates.totalWeight >= MIN_VALID_SHARE * cellArea ? candidates.winner() : -1;
      grid.mask[cell] = winner < 0 ? 0 : 1;
      if (winner < 0) continue;
      grid.dx[cell] = candidates.dx[winner]! / field.widthPx;
      grid.dy[cell] = candidates.dy[winner]! / field.heightPx;
    }
  }
  return grid;
}

interface Overlap {
  readonly block: number;
  readonly lengthPx: number;
}

/** Which blocks each cell of one axis overlaps, and by how much. */
function overlaps(lengthPx: number, cells: number, blockPx: number): { cells: Overlap[][]; most: number } {
  const blocks = Math.ceil(lengthPx / blockPx);
  const all: Overlap[][] = [];
  let most = 0;
  for (let cell = 0; cell < cells; cell++) {
    const from = (cell * lengthPx) / cells;
    const to = ((cell + 1) * lengthPx) / cells;
    const found: Overlap[] = [];
    for (let block = Math.floor(from / blockPx); block < blocks && block * blockPx < to; block++) {
      const overlapPx = Math.min(to, (block + 1) * blockPx) - Math.max(from, block * blockPx);
      // Below a thousandth of a pixel it is the rounding of a border that they share.
      if (overlapPx > 1e-3) found.push({ block, lengthPx: overlapPx });
    }
    all.push(found);
    most = Math.max(most, found.length);
  }
  return { cells: all, most };
}

/** Weighted vector median over at most `capacity` vectors; equal vectors are one with the sum of their weights. */
class VectorMedian {
  readonly dx: Float32Array;
  readonly dy: Float32Array;
  totalWeight = 0;
  readonly #weights: Float64Array;
  #count = 0;

  constructor(capacity: number) {
    this.dx = new Float32Array(capacity);
    this.dy = new Float32Array(capacity);
    this.#weights = new Float64Array(capacity);
  }

  clear(): void {
    this.#count = 0;
    this.totalWeight = 0;
  }

  add(dx: number, dy: number, weight: number): void {
    this.totalWeight += weight;
    for (let index = 0; index < this.#count; index++) {
      if (this.dx[index] !== dx || this.dy[index] !== dy) continue;
      this.#weights[index]! += weight;
      return;
    }
    this.dx[this.#count] = dx;
    this.dy[this.#count] = dy;
    this.#weights[this.#count] = weight;
    this.#count++;
  }

  /** Index of the median; the first of equally good ones, -1 if there is none. */
  winner(): number {
    let best = -1;
    let bestCost = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#count; index++) {
      let cost = 0;
      for (let other = 0; other < this.#count && cost < bestCost; other++) {
        const x = this.dx[index]! - this.dx[other]!;
        const y = this.dy[index]! - this.dy[other]!;
        // Math.hypot is many times slower, and nothing here overflows.
        cost += this.#weights[other]! * Math.sqrt(x * x + y * y);
      }
      if (cost >= bestCost) continue;
      best = index;
      bestCost = cost;
    }
    return best;
  }
}
