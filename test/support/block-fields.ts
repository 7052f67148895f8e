import type { BlockField } from '../../pipeline/motion/block-field.ts';

type Cell = { readonly column: number; readonly row: number };

/** A field of 8 px blocks; `motion` gives the displacement of each, or nothing where there is no vector. */
export function fieldOf(
  size: { columns: number; rows: number },
  motion: (cell: Cell) => readonly [number, number] | undefined,
): BlockField {
  const { columns, rows } = size;
  const blockPx = 8;
  const field = {
    columns,
    rows,
    blockPx,
    widthPx: columns * blockPx,
    heightPx: rows * blockPx,
    dx: new Float32Array(columns * rows),
    dy: new Float32Array(columns * rows),
    valid: new Uint8Array(columns * rows),
  };
  for (let index = 0; index < columns * rows; index++) {
    const moved = motion({ column: index % columns, row: Math.floor(index / columns) });
    if (!moved) continue;
    field.dx[index] = moved[0];
    field.dy[index] = moved[1];
    field.valid[index] = 1;
  }
  return field;
}

/** Displacements by row and column; undefined where masked. */
export const motionOf = (field: BlockField): ([number, number] | undefined)[][] =>
  Array.from({ length: field.rows }, (_, row) =>
    Array.from({ length: field.columns }, (__, column) => {
      const index = row * field.columns + column;
      return field.valid[index] ? [field.dx[index]!, field.dy[index]!] : undefined;
    }),
  );
