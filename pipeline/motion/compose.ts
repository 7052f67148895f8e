/**
 * Composition of motion.
 *
 * A field is indexed by position in the newer of its two pictures and holds now - before: what is seen at x now was
 * at x - d(x) before. Two fields in a row, first A (from picture 0 to 1) and then B (from 1 to 2), make the one from
 * picture 0 to 2:
 *
 *   total(x) = B(x) + A(x - B(x))
 *
 * A is read bilinearly at block centres, leaving out blocks that carry no vector. The result is masked where B is,
 * where x - B(x) lies outside the picture, and where the block of A that holds x - B(x) is masked.
 */
import { assert } from '../errors.ts';
import type { BlockField } from './block-field.ts';

/** The motion over both fields, of which `later` follows `earlier`. Both have the same size and blocks. */
export function composeFields(later: BlockField, earlier: BlockField): BlockField {
  assert(
    later.columns === earlier.columns && later.rows === earlier.rows && later.blockPx === earlier.blockPx,
    'fields that are composed have the same blocks',
  );
  const { columns, rows, blockPx, widthPx, heightPx } = later;
  const count = columns * rows;
  const dx = new Float32Array(count);
  const dy = new Float32Array(count);
  const valid = new Uint8Array(count);
  const read = new Float64Array(2);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const index = row * columns + column;
      if (!later.valid[index]) continue;
      const x = (column + 0.5) * blockPx - later.dx[index]!;
      const y = (row + 0.5) * blockPx - later.dy[index]!;
      if (x < 0 || y < 0 || x > widthPx || y > heightPx) continue;
      if (!readField(earlier, x / blockPx - 0.5, y / blockPx - 0.5, read)) continue;
      dx[index] = later.dx[index]! + read[0]!;
      dy[index] = later.dy[index]! + read[1]!;
      valid[index] = 1;
    }
  }
  return { columns, rows, blockPx, widthPx, heightPx, dx, dy, valid };
}

/**
 * Reads a field at a position in block units (0 is the centre of the first block; clamped to the outermost centres)
 * into `into`. False where the nearest block is masked.
 */
function readField(field: BlockField, column: number, row: number, into: Float64Array): boolean {
  const { columns, rows, valid, dx, dy } = field;
  const atColumn = Math.min(Math.max(column, 0), columns - 1);
  const atRow = Math.min(Math.max(row, 0), rows - 1);
  if (!valid[Math.round(atRow) * columns + Math.round(atColumn)]) return false;
  const left = Math.floor(atColumn);
  const top = Math.floor(atRow);
  const toRight = atColumn - left;
  const toBottom = atRow - top;
  // Steps to the neighbours; to the block itself at the last column and row, where their weight is 0.
  const right = toRight > 0 ? 1 : 0;
  const below = toBottom > 0 ? columns : 0;
  const index = top * columns + left;
  const a = valid[index]! * (1 - toRight) * (1 - toBottom);
  const b = valid[index + right]! * toRight * (1 - toBottom);
  const c = valid[index + below]! * (1 - toRight) * toBottom;
  const d = valid[index + below + right]! * toRight * toBottom;
  const sum = a + b + c + d;
  into[0] =
    (a * dx[index]! + b * dx[index + right]! + c * dx[index + below]! + d * dx[index + below + right]!) / sum;
  into[1] =
    (a * dy[index]! + b * dy[index + right]! + c * dy[index + below]! + d * dy[index + below + right]!) / sum;
  return true;
}
