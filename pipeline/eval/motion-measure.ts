import type { Geometry } from '../../client-sdk/reconstruct/detokenizer.ts';
import { fillMasked } from '../../client-sdk/reconstruct/fill-masked.ts';
import { MotionCompensation } from '../../client-sdk/reconstruct/motion-compensation.ts';
import type { ReconstructedPicture } from '../../client-sdk/reconstruct/reconstructor.ts';
import { assert } from '../errors.ts';
import type { Chunk } from '../types.ts';
import { type Figures, isMoving, LEAST_GAIN_DB } from './figures.ts';
import { Mean } from './mean.ts';
import { MotionError } from './motion-error.ts';
import { lumaOf, psnrDb } from './psnr.ts';
import type { SourcePictures } from './source-pictures.ts';

type MotionFigures = Pick<
  Figures,
  | 'previewDb'
  | 'holdDb'
  | 'trueWarpDb'
  | 'keptShare'
  | 'stillGainDb'
  | 'movingCells'
  | 'motionMedianPx'
  | 'motionExplained'
  | 'falseMotion'
>;

/** The quality of the pictures between keyframes, and of the motion that made them. */
export class MotionMeasure {
  readonly #geometry: Geometry;
  readonly #source: SourcePictures;
  readonly #trueWarp: MotionCompensation;
  readonly #error = new MotionError();
  readonly #preview = new Mean();
  readonly #hold = new Mean();
  readonly #warped = new Mean();
  // Luma of the open clip's rebuilt keyframe, and of its newest picture warped by true motion.
  #heldLuma: Uint8Array | undefined;
  #warpedLuma: Uint8Array | undefined;

  /** Borrows the source's pictures. */
  constructor(geometry: Geometry, source: SourcePictures) {
    this.#geometry = geometry;
    this.#source = source;
    this.#trueWarp = new MotionCompensation(geometry);
  }

  /** Starts a clip at its rebuilt keyframe: as it came from the decoder, and as a picture. */
  begin(keyframe: Float32Array, picture: ReconstructedPicture): void {
    this.#trueWarp.begin(keyframe);
    this.#heldLuma = lumaOf(picture.rgb);
    this.#warpedLuma = this.#heldLuma;
  }

  /**
   * Compares the pictures of one chunk with the source's, and its decoded motion with the true one; `decoded` as
   * `Detokenizer.decodeMotion` gives it, undefined for a chunk without ids. Resolves with the PSNR of the last picture, dB.
   */
  async add(
    chunk: Pick<Chunk, 'fields' | 'motion' | 'mask'>,
    pictures: readonly ReconstructedPicture[],
    decoded: Float32Array | undefined,
  ): Promise<{ lastDb: number }> {
    assert(pictures.length === chunk.fields, 'each field of a chunk makes a picture');
    let lastDb = 0;
    for (const [field, picture] of pictures.entries()) {
      assert(this.#heldLuma && this.#warpedLuma, 'a clip begins before it goes on');
      this.#compareField(chunk, field, decoded);
      const original = await this.#source.lumaAt(picture.pts);
      lastDb = psnrDb(lumaOf(picture.rgb), original);
      this.#preview.add(lastDb);
      this.#hold.add(psnrDb(this.#heldLuma, original));
      this.#warped.add(psnrDb(this.#warpedLuma, original));
    }
    return { lastDb };
  }

  figures(): MotionFigures {
    const [preview, hold, trueWarp] = [this.#preview.value, this.#hold.value, this.#warped.value];
    const { movingShare, medianPx, explainedShare, falseShare } = this.#error;
    const moves = isMoving({ movingCells: movingShare });
    return {
      previewDb: preview,
      holdDb: hold,
      trueWarpDb: trueWarp,
      keptShare:
        preview === null || hold === null || trueWarp === null ? null : keptShare(preview, hold, trueWarp),
      stillGainDb: moves || preview === null || hold === null ? null : preview - hold,
      movingCells: movingShare,
      motionMedianPx: moves ? medianPx : null,
      motionExplained: moves ? explainedShare : null,
      falseMotion: falseShare,
    };
  }

  #compareField(
    { motion, mask }: Pick<Chunk, 'motion' | 'mask'>,
    field: number,
    decoded: Float32Array | undefined,
  ): void {
    const { columns, rows, fieldsPerChunk } = this.#geometry.motion;
    const cells = columns * rows;
    const plane = (from: Float32Array, axis: 0 | 1): Float32Array =>
      from.subarray((axis * fieldsPerChunk + field) * cells, (axis * fieldsPerChunk + field + 1) * cells);
    const still = decoded ?? new Float32Array(motion.length);
    const fieldMask = mask.subarray(field * cells, (field + 1) * cells);
    const [trueX, trueY] = [plane(motion, 0), plane(motion, 1)];
    this.#error.add({
      trueX,
      trueY,
      decodedX: plane(still, 0),
      decodedY: plane(still, 1),
      mask: fieldMask,
    });
    const filled = fillMasked({ columns, rows, dx: trueX, dy: trueY, mask: fieldMask });
    if (this.#trueWarp.advance(filled.dx, filled.dy)) this.#warpedLuma = lumaOf(this.#trueWarp.render());
  }
}

/** The share of the gain of true motion over holding that is kept; null where there is too little to keep. */
export function keptShare(previewDb: number, holdDb: number, trueWarpDb: number): number | null {
  const gainDb = trueWarpDb - holdDb;
  return gainDb < LEAST_GAIN_DB ? null : (previewDb - holdDb) / gainDb;
}
