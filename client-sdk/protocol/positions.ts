import { fromBase64, toBase64 } from './base64.ts';
import { WireError } from './wire-error.ts';

/** The ids of a keyframe with the cells that they stand for, as a visual message has them. */
export interface PlacedIds {
  readonly ids: ArrayLike<number>;
  /** Bitmap of the cells, base64; absent where every cell has an id. */
  readonly positions?: string | undefined;
}

/** Cells in ascending order as the bitmap of a grid in base64: cell c is bit c % 8 of byte c / 8. */
export function positionsOf(cells: Iterable<number>, { columns, rows }: Grid): string {
  const bitmap = new Uint8Array(Math.ceil((columns * rows) / 8));
  for (const cell of cells) bitmap[cell >> 3] = (bitmap[cell >> 3] ?? 0) | (1 << (cell & 7));
  return toBase64(bitmap);
}

/** The cells that a bitmap names, ascending. Throws a `WireError` where it is not base64. */
export function cellsOf(positions: string): number[] {
  const cells: number[] = [];
  fromBase64(positions).forEach((byte, at) => {
    for (let bit = 0; bit < 8; bit += 1) if ((byte >> bit) & 1) cells.push(8 * at + bit);
  });
  return cells;
}

/**
 * Ids in their cells: int32 [rows * columns], -1 where a cell has none; what a decoder graph of dynamic length takes.
 * Throws a `WireError` where the bitmap is not that of the grid, or names more or fewer cells than there are ids.
 */
export function placeIds({ ids, positions }: PlacedIds, { columns, rows }: Grid): Int32Array {
  const count = columns * rows;
  if (positions === undefined) {
    if (ids.length !== count) throw new WireError(`ids must be ${count}, got ${ids.length}`);
    return Int32Array.from(ids);
  }
  const bytes = fromBase64(positions).length;
  if (bytes !== Math.ceil(count / 8))
    throw new WireError(`positions must have ${Math.ceil(count / 8)} bytes for ${count} cells, got ${bytes}`);
  const cells = cellsOf(positions);
  const outside = cells.find((cell) => cell >= count);
  if (outside !== undefined)
    throw new WireError(`positions must name cells 0 to ${count - 1}, got ${outside}`);
  checkCount(cells, ids);
  const placed = new Int32Array(count).fill(-1);
  cells.forEach((cell, at) => {
    placed[cell] = ids[at] ?? -1;
  });
  return placed;
}

/** The inverse of `placeIds` for what an encoder graph of dynamic length gives; ids are in raster order. */
export function collectIds(
  placed: Int32Array,
  grid: Grid,
): { ids: Uint32Array<ArrayBuffer>; positions: string } {
  const cells: number[] = [];
  placed.forEach((id, cell) => {
    if (id >= 0) cells.push(cell);
  });
  return { ids: Uint32Array.from(cells, (cell) => placed[cell] ?? 0), positions: positionsOf(cells, grid) };
}

/** Throws a `WireError` where cells and ids are not as many. */
export function checkCount(cells: ArrayLike<number>, ids: ArrayLike<number>): void {
  if (cells.length !== ids.length)
    throw new WireError(`positions must name ${ids.length} cells, one for each id, got ${cells.length}`);
}

/** The positions of a keyframe's ids: cell c is column c % columns of row c / columns. */
export interface Grid {
  readonly columns: number;
  readonly rows: number;
}
