import type { Micros } from '../../client-sdk/protocol/units.ts';
import { openReencoder, type Reencoder, type ReencodeSettings } from '../codec/reencoder.ts';
import { assert } from '../errors.ts';
import type { Picture } from '../types.ts';
import { type ClipClock, tickPts } from './clip-clock.ts';
import type { MotionSource, MotionStep } from './motion-source.ts';
import { maskedField, vectorsToBlocks } from './vectors-to-blocks.ts';

export interface ReencodeMotionOptions {
  /** The pack's clock. */
  readonly fieldsPerSecond: number;
  readonly reencode: ReencodeSettings;
}

interface OpenClip {
  readonly clock: ClipClock;
  readonly reencoder: Reencoder;
  /** The clip's newest picture, which is encoded if it turns out to be the last one before a tick. */
  held: Picture;
  isHeldEncoded: boolean;
  /** Index of the first tick that no picture has passed yet. */
  nextTick: number;
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
    this.#clip = { clock, reencoder, held: keyframe.clone(), isHeldEncoded: true, nextTick: 1 };
    await reencoder.encode(await this.#pixels(keyframe));
  }

  async push(picture: Picture): Promise<readonly MotionStep[]> {
    const clip = this.#clip;
    assert(clip, 'a clip begins before it goes on');
    const steps = await this.#passTicks(clip, picture.pts);
    clip.held[Symbol.dispose]();
    clip.held = picture.clone();
    clip.isHeldEncoded = false;
    if (picture.pts === tickPts(clip.clock, clip.nextTick)) {
      // Nothing later can be the last picture at or before this tick.
      clip.nextTick++;
      steps.push(await this.#encodeHeld(clip, picture.pts));
    }
    return steps;
  }

  async end(endPts: Micros): Promise<readonly MotionStep[]> {
    const clip = this.#clip;
    assert(clip, 'a clip begins before it ends');
    const steps = await this.#passTicks(clip, endPts);
    await this.#close();
    return steps;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  /** Encodes the held picture if it is the last one at or before a tick that lies before `pts`. */
  async #passTicks(clip: OpenClip, pts: Micros): Promise<MotionStep[]> {
    const firstTick = clip.nextTick;
    while (tickPts(clip.clock, clip.nextTick) < pts) clip.nextTick++;
    if (clip.nextTick === firstTick || clip.isHeldEncoded) return [];
    return [await this.#encodeHeld(clip, pts)];
  }

  async #encodeHeld(clip: OpenClip, nextPts: Micros): Promise<MotionStep> {
    const { pts, received, captured, unitIndex, isDegraded } = clip.held;
    const vectors = await clip.reencoder.encode(await this.#pixels(clip.held));
    clip.isHeldEncoded = true;
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
    clip.held[Symbol.dispose]();
    await clip.reencoder[Symbol.asyncDispose]();
  }
}
