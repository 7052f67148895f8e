/** A grid of motion vectors with some cells missing. */
export interface MaskedField {
  readonly columns: number;
  readonly rows: number;
  /** float32 [rows, columns]. */
  readonly dx: Float32Array;
  readonly dy: Float32Array;
  /** uint8 [rows, columns]: 1 where the cell carries a vector. */
  readonly mask: Uint8Array;
}

/**
 * Gives every masked cell the mean of its valid neighbours (8 of them), ring after ring inwards; zero where the whole
 * field is masked. For true fields: a decoded one has a value in every cell. The caller owns what comes back.
 */
export function fillMasked({ columns, rows, dx, dy, mask }: MaskedField): {
  dx: Float32Array;
  dy: Float32Array;
} {
  const filled = { dx: new Float32Array(dx), dy: new Float32Array(dy) };
  let known = Uint8Array.from(mask);
  if (!known.includes(1)) {
    filled.dx.fill(0);
    filled.dy.fill(0);
    return filled;
  }
  while (known.includes(0)) {
    const next = Uint8Array.from(known);
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        const cell = row * columns + column;
        if (known[cell] === 1) continue;
        let count = 0;
        let sumX = 0;
        let sumY = 0;
        for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y += 1) {
          for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x += 1) {
            const neighbour = y * columns + x;
            if (known[neighbour] !== 1) continue;
            count += 1;
            sumX += filled.dx[neighbour]!;
            sumY += filled.dy[neighbour]!;
          }
        }
        if (count === 0) continue;
        filled.dx[cell] = sumX / count;
        filled.dy[cell] = sumY / count;
        next[cell] = 1;
      }
    }
    known = next;
  }
  return filled;
}
