import { assert } from '../errors.ts';
import type { Picture } from '../types.ts';
import type { MotionSource, MotionStep } from './motion-source.ts';
import { maskedField, vectorsToBlocks } from './vectors-to-blocks.ts';

/**
 * Motion from the vectors of the incoming stream itself: one step for each picture. Vectors are taken to point to the
 * previous picture that others may refer to (the previous I or P). Where B pictures lie between, a vector spans more
 * than one step, and the step gets its share by time, as if the motion had been even.
 */
export class BitstreamMotionSource implements MotionSource {
  readonly name = 'bitstream';
  // The newest picture of the clip, and the newest that others may refer to.
  #clip: { lastPts: Picture['pts']; anchorPts: Picture['pts'] } | undefined;

  async begin(keyframe: Picture): Promise<void> {
    this.#clip = { lastPts: keyframe.pts, anchorPts: keyframe.pts };
  }

  async push(picture: Picture): Promise<readonly MotionStep[]> {
    const clip = this.#clip;
    assert(clip, 'a clip begins before it goes on');
    const share = (picture.pts - clip.lastPts) / (picture.pts - clip.anchorPts);
    clip.lastPts = picture.pts;
    if (picture.kind !== 'B') clip.anchorPts = picture.pts;
    const { pts, received, captured, unitIndex, isDegraded, vectors, size } = picture;
    const field = vectors ? vectorsToBlocks(vectors, size, { scale: share }) : maskedField(size);
    return [{ pts, nextPts: pts, received, captured, unitIndex, isDegraded, field }];
  }

  async end(): Promise<readonly MotionStep[]> {
    this.#clip = undefined;
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#clip = undefined;
  }
}
