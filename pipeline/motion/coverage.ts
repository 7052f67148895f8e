import type { BlockField } from './block-field.ts';
import { composeFields } from './compose.ts';

/**
 * Follows which part of the picture was already there in the clip's keyframe. A block is uncovered where its path
 * back to the keyframe meets a block without a vector or leaves the picture.
 */
export class CoverageTracker {
  // Motion since the keyframe; uncovered blocks are masked.
  #sinceKeyframe: BlockField | undefined;

  /** Takes the motion to the clip's next picture; gives the share of that picture that is uncovered, [0, 1]. */
  push(field: BlockField): number {
    const motion = this.#sinceKeyframe ? composeFields(field, this.#sinceKeyframe) : copyField(field);
    this.#sinceKeyframe = motion;
    return maskWhatCameIn(motion);
  }
}

const copyField = (field: BlockField): BlockField => ({
  ...field,
  dx: field.dx.slice(),
  dy: field.dy.slice(),
  valid: field.valid.slice(),
});

/** Masks the blocks that come from outside the picture; gives the masked share of all. */
function maskWhatCameIn(motion: BlockField): number {
  const { columns, rows, blockPx, widthPx, heightPx, dx, dy, valid } = motion;
  let covered = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const index = row * columns + column;
      if (!valid[index]) continue;
      const x = (column + 0.5) * blockPx - dx[index]!;
      const y = (row + 0.5) * blockPx - dy[index]!;
      if (x < 0 || y < 0 || x > widthPx || y > heightPx) valid[index] = 0;
      else covered++;
    }
  }
  return 1 - covered / valid.length;
}
