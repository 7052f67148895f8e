import type { MotionStep } from '../motion/motion-source.ts';
import { isFlat, isSceneCut, lookDifference, MIN_MASKED_SHARE, THUMBNAIL_SIZE } from '../motion/scene-cut.ts';
import { maskedShare } from '../motion/vectors-to-blocks.ts';
import type { Picture } from '../types.ts';

/** Finds the pictures that begin another shot. Keeps one picture; calls do not overlap. */
export class ShotDetector implements Disposable {
  // The picture that the next one is compared with: itself, or its look where that is known already.
  #previous: Picture | Uint8Array | undefined;

  /** Takes a clip's keyframe, which it borrows; true where it belongs to another shot than the picture before. */
  async begin(keyframe: Picture): Promise<boolean> {
    const before = await this.#previousLook();
    const now = await keyframe.toLuma(THUMBNAIL_SIZE);
    this.#keep(now);
    // A keyframe says nothing by being intra coded, so that its look alone decides.
    return before !== undefined && isSceneCut({ difference: lookDifference(before, now) });
  }

  /** Takes the clip's next picture, which it borrows, with the steps that it completed; true at a scene cut. */
  async observe(picture: Picture, steps: readonly MotionStep[]): Promise<boolean> {
    const step = steps.find((each) => each.pts === picture.pts);
    const share = step && maskedShare(step.field);
    if (share !== undefined && share < MIN_MASKED_SHARE) {
      // A look costs a pass over the pixels, so it is taken only where the blocks hint at a cut.
      this.#keep(picture.clone());
      return false;
    }
    const before = await this.#previousLook();
    const now = await picture.toLuma(THUMBNAIL_SIZE);
    if (before === undefined) {
      this.#keep(now);
      return false;
    }
    // What follows a white flash or a black moment is compared with what was before it.
    if (isFlat(now)) {
      this.#keep(before);
      return false;
    }
    this.#keep(now);
    return isSceneCut({ difference: lookDifference(before, now), maskedShare: share });
  }

  [Symbol.dispose](): void {
    this.#keep(undefined);
  }

  async #previousLook(): Promise<Uint8Array | undefined> {
    return this.#previous instanceof Uint8Array ? this.#previous : this.#previous?.toLuma(THUMBNAIL_SIZE);
  }

  #keep(picture: Picture | Uint8Array | undefined): void {
    if (this.#previous && !(this.#previous instanceof Uint8Array)) this.#previous[Symbol.dispose]();
    this.#previous = picture;
  }
}
