import type { ClipSample } from '../../pipeline/eval/clip-samples.ts';

/** A clip of pictures of one pixel: its original keyframe red, the rebuilt one green, then blue and nearly black. */
export const clipSample = (db: number, seconds = 0): ClipSample => ({
  keyframe: { seconds, db, original: Uint8Array.of(255, 0, 0), rebuilt: Uint8Array.of(0, 255, 0) },
  thumbnailDb: 10,
  end: {
    seconds: seconds + 1,
    db: 5,
    original: Uint8Array.of(0, 0, 255),
    rebuilt: Uint8Array.of(1, 2, 3),
  },
});
