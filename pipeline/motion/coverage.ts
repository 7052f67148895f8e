import { type BlockField, blankLike } from './block-field.ts';
import { composeFields } from './compose.ts';

/**
 * Follows which part of the picture was already there in the clip's keyframe. A block is uncovered where its path
 * back to the keyframe meets a block without a vector or leaves the picture.
 */
export class CoverageTracker {
  // Motion since the keyframe, uncovered blocks masked; and a field that the next motion is written to.
  #sinceKeyframe: BlockField | undefined;
  #spare: BlockField | undefined;

  /** Takes the motion to the clip's next picture; gives the share of that picture that is uncovered, [0, 1]. */
  push(field: BlockField): number {
    const before = this.#sinceKeyframe;
    const motion = before ? composeFields(field, before, this.#spare ?? blankLike(field)) : copyOf(field);
    this.#spare = before;
    this.#sinceKeyframe = motion;
    return maskWhatCameIn(motion);
  }
}

function copyOf(field: BlockField): BlockField {
  const copy = blankLike(field);
  copy.dx.set(field.dx);
  copy.dy.set(field.dy);
  copy.valid.set(field.valid);
  return copy;
}

/** Masks the blocks that come from outside the picture; gives the masked share of all. */
function maskWhatCameIn(motion: BlockField): number {
  const { columns, rows, blockPx, widthPx, heightPx, dx, dy, valid } = motion;
  let covered = 0;
  for (let row = 0, index = 0; row < rows; row++) {
    const centreY = (row + 0.5) * blockPx;
    for (let column = 0; column < columns; column++, index++) {
      if (!valid[index]) continue;
      const x = (column + 0.5) * blockPx - dx[index]!;
      const y = centreY - dy[index]!;
      if (x < 0 || y < 0 || x > widthPx || y > heightPx) valid[index] = 0;
      else covered++;
    }
  }
  return 1 - covered / valid.length;
}
