import type { MotionStep } from '../motion/motion-source.ts';
import { intraShareOf, isSceneCut, lumaChange, THUMBNAIL_SIZE } from '../motion/scene-cut.ts';
import type { Picture } from '../types.ts';

/** Finds the pictures that begin another shot. Keeps one picture; calls do not overlap. */
export class ShotDetector implements Disposable {
  #previous: Picture | undefined;

  /** Takes a clip's keyframe, which it borrows; true where it belongs to another shot than the picture before. */
  async begin(keyframe: Picture): Promise<boolean> {
    // A keyframe says nothing by being intra coded, so that its look alone decides.
    const isCut =
      this.#previous !== undefined && isSceneCut({ intraShare: 1, lumaChange: await this.#change(keyframe) });
    this.#keep(keyframe);
    return isCut;
  }

  /** Takes the clip's next picture, which it borrows, with the steps that it completed; true at a scene cut. */
  async observe(picture: Picture, steps: readonly MotionStep[]): Promise<boolean> {
    if (steps.length === 0) return false;
    const intraShare = Math.max(...steps.map((step) => intraShareOf(step.field)));
    // The look costs two scalings, so it is taken only where the blocks hint at a cut.
    const isCut =
      isSceneCut({ intraShare, lumaChange: 1 }) &&
      isSceneCut({ intraShare, lumaChange: await this.#change(picture) });
    this.#keep(picture);
    return isCut;
  }

  [Symbol.dispose](): void {
    this.#previous?.[Symbol.dispose]();
    this.#previous = undefined;
  }

  async #change(picture: Picture): Promise<number> {
    if (!this.#previous) return 0;
    return lumaChange(await this.#previous.toLuma(THUMBNAIL_SIZE), await picture.toLuma(THUMBNAIL_SIZE));
  }

  #keep(picture: Picture): void {
    this.#previous?.[Symbol.dispose]();
    this.#previous = picture.clone();
  }
}
