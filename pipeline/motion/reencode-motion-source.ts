import type { Micros } from '../../client-sdk/protocol/units.ts';
import { openReencoder, type Reencoder, type ReencodeSettings } from '../codec/reencoder.ts';
import { assert } from '../errors.ts';
import type { Picture } from '../types.ts';
import type { MotionSource, MotionStep } from './motion-source.ts';
import { type ShownPicture, ShownPictures } from './shown-pictures.ts';
import { maskedField, vectorsToBlocks } from './vectors-to-blocks.ts';

export interface ReencodeMotionOptions {
  /** The pack's clock. */
  readonly fieldsPerSecond: number;
  readonly reencode: ReencodeSettings;
}

interface OpenClip {
  readonly reencoder: Reencoder;
  readonly shown: ShownPictures<MotionStep>;
}

/**
 * Motion from a second encode of the decoded pictures, on the pack's clock and at its size: one step for each tick
 * at which another picture is shown than at the tick before. The encoder starts anew with each clip.
 */
export class ReencodeMotionSource implements MotionSource {
  readonly name = 'reencode';
  readonly #options: ReencodeMotionOptions;
  #clip: OpenClip | undefined;

  constructor(options: ReencodeMotionOptions) {
    this.#options = options;
  }

  async begin(keyframe: Picture): Promise<void> {
    await this.#close();
    const clock = { keyframePts: keyframe.pts, fieldsPerSecond: this.#options.fieldsPerSecond };
    const reencoder = await openReencoder(this.#options.reencode);
    const shown = new ShownPictures(keyframe, clock, (each) => this.#encode(reencoder, each));
    this.#clip = { reencoder, shown };
    await reencoder.encode(await this.#pixels(keyframe));
  }

  async push(picture: Picture): Promise<readonly MotionStep[]> {
    assert(this.#clip, 'a clip begins before it goes on');
    return await this.#clip.shown.push(picture);
  }

  async end(endPts: Micros): Promise<readonly MotionStep[]> {
    assert(this.#clip, 'a clip begins before it ends');
    const steps = await this.#clip.shown.passTicks(endPts);
    await this.#close();
    return steps;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #encode(reencoder: Reencoder, { picture, nextPts }: ShownPicture): Promise<MotionStep> {
    const { pts, received, captured, unitIndex, isDegraded } = picture;
    const vectors = await reencoder.encode(await this.#pixels(picture));
    const { width: widthPx, height: heightPx } = this.#options.reencode;
    const size = { widthPx, heightPx };
    const field = vectors ? vectorsToBlocks(vectors, size) : maskedField(size);
    return { pts, nextPts, received, captured, unitIndex, isDegraded, field };
  }

  #pixels(picture: Picture): Promise<Uint8Array> {
    const { width, height } = this.#options.reencode;
    return picture.toYuv420({ widthPx: width, heightPx: height });
  }

  async #close(): Promise<void> {
    const clip = this.#clip;
    this.#clip = undefined;
    if (!clip) return;
    clip.shown[Symbol.dispose]();
    await clip.reencoder[Symbol.asyncDispose]();
  }
}
