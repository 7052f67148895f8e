import type {
  Detokenizer,
  Geometry,
  KeyframeContext,
  MotionContext,
} from '../../client-sdk/reconstruct/detokenizer.ts';

/** Passes everything to another detokenizer and remembers what came out last. */
export class CapturingDetokenizer implements Detokenizer {
  readonly geometry: Geometry;
  readonly #inner: Detokenizer;
  /** The newest decoded keyframe; see `Detokenizer.decodeKeyframe`. */
  keyframe: Float32Array | undefined;
  /** The newest decoded motion; see `Detokenizer.decodeMotion`. */
  motion: Float32Array | undefined;

  constructor(inner: Detokenizer) {
    this.#inner = inner;
    this.geometry = inner.geometry;
  }

  async decodeKeyframe(ids: ArrayLike<number>, context?: KeyframeContext): Promise<Float32Array> {
    this.keyframe = await this.#inner.decodeKeyframe(ids, context);
    return this.keyframe;
  }

  async decodeMotion(ids: ArrayLike<number>, context: MotionContext): Promise<Float32Array> {
    this.motion = await this.#inner.decodeMotion(ids, context);
    return this.motion;
  }
}
