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
import { type BlockField, blankLike, hasSameBlocks } from './block-field.ts';

/**
 * The motion over both fields, of which `later` follows `earlier`. All have the same size and blocks. Writes to `into`,
 * which is neither of them, and gives it back.
 */
export function composeFields(
  later: BlockField,
  earlier: BlockField,
  into: BlockField = blankLike(later),
): BlockField {
  assert(
    hasSameBlocks(later, earlier) && hasSameBlocks(later, into),
    'fields that are composed have the same blocks',
  );
  const { columns, rows, blockPx, widthPx, heightPx, dx: laterX, dy: laterY, valid: isMoved } = later;
  const { dx: earlierX, dy: earlierY, valid: isKnown } = earlier;
  const { dx, dy, valid } = into;
  dx.fill(0);
  dy.fill(0);
  valid.fill(0);
  for (let row = 0, index = 0; row < rows; row++) {
    const centreY = (row + 0.5) * blockPx;
    for (let column = 0; column < columns; column++, index++) {
      if (!isMoved[index]) continue;
      const x = (column + 0.5) * blockPx - laterX[index]!;
      const y = centreY - laterY[index]!;
      if (x < 0 || y < 0 || x > widthPx || y > heightPx) continue;
      // In block units, 0 being the centre of the first block; clamped to the outermost centres.
      const atColumn = Math.min(Math.max(x / blockPx - 0.5, 0), columns - 1);
      const atRow = Math.min(Math.max(y / blockPx - 0.5, 0), rows - 1);
      if (!isKnown[Math.round(atRow) * columns + Math.round(atColumn)]) continue;
      const left = Math.floor(atColumn);
      const top = Math.floor(atRow);
      const toRight = atColumn - left;
      const toBottom = atRow - top;
      const aIndex = top * columns + left;
      // The neighbours, or the block itself at the last column and row, where their weight is 0.
      const bIndex = toRight > 0 ? aIndex + 1 : aIndex;
      const below = toBottom > 0 ? columns : 0;
      const cIndex = aIndex + below;
      const dIndex = bIndex + below;
      const a = isKnown[aIndex]! * (1 - toRight) * (1 - toBottom);
      const b = isKnown[bIndex]! * toRight * (1 - toBottom);
      const c = isKnown[cIndex]! * (1 - toRight) * toBottom;
      const d = isKnown[dIndex]! * toRight * toBottom;
      const sum = a + b + c + d;
      const beforeX =
        a * earlierX[aIndex]! + b * earlierX[bIndex]! + c * earlierX[cIndex]! + d * earlierX[dIndex]!;
      const beforeY =
        a * earlierY[aIndex]! + b * earlierY[bIndex]! + c * earlierY[cIndex]! + d * earlierY[dIndex]!;
      dx[index] = laterX[index]! + beforeX / sum;
      dy[index] = laterY[index]! + beforeY / sum;
      valid[index] = 1;
    }
  }
  return into;
}
