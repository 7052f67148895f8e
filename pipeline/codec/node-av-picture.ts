import type { Frame } from 'node-av';
import {
  AV_FRAME_DATA_MOTION_VECTORS,
  AV_PICTURE_TYPE_B,
  AV_PICTURE_TYPE_I,
  AV_PICTURE_TYPE_SI,
} from 'node-av/constants';
import type { Micros, Millis } from '../../client-sdk/protocol/units.ts';
import { DisposedError } from '../errors.ts';
import type { MotionVectors, Picture, PictureSize } from '../types.ts';
import { fromMotionVectorSideData } from './motion-vectors.ts';
import { type PixelLayout, scalePixels } from './picture-scaler.ts';

/** What a decoder knows of a picture beside its pixels. */
export interface PictureFacts {
  readonly pts: Micros;
  /** The container or the decoder calls it a keyframe; some say so of pictures that are not intra coded. */
  readonly canBeKeyframe: boolean;
  readonly isDegraded: boolean;
  readonly unitIndex: number;
  readonly received: Millis;
  readonly captured?: Millis | undefined;
}

type OutputSize = { widthPx: number; heightPx: number };

let live = 0;
let leaked = 0;
let lastLeakWarningMs = 0;

const collected = new FinalizationRegistry<string>((description) => {
  leaked++;
  if (Date.now() - lastLeakWarningMs < 1000) return;
  lastLeakWarningMs = Date.now();
  process.emitWarning(`${description} was not disposed of (${leaked} so far)`, 'LeakedPictureWarning');
});

/** Pictures that were made and neither disposed of nor collected as garbage. */
export const livePictures = (): number => live - leaked;

/** Pictures that the garbage collector found undisposed. */
export const leakedPictures = (): number => leaked;

function kindOf(frame: Frame): Picture['kind'] {
  if (frame.pictType === AV_PICTURE_TYPE_I || frame.pictType === AV_PICTURE_TYPE_SI) return 'I';
  return frame.pictType === AV_PICTURE_TYPE_B ? 'B' : 'P';
}

function sizeOf(frame: Frame): PictureSize {
  const { num, den } = frame.sampleAspectRatio;
  return { widthPx: frame.width, heightPx: frame.height, sampleAspect: num > 0 && den > 0 ? num / den : 1 };
}

function readVectors(frame: Frame): MotionVectors | undefined {
  const sideData = frame.getSideData(AV_FRAME_DATA_MOTION_VECTORS);
  return sideData ? fromMotionVectorSideData(sideData) : undefined;
}

/** A picture over a decoded frame, which it owns. */
export class NodeAvPicture implements Picture {
  readonly pts: Micros;
  readonly size: PictureSize;
  readonly kind: Picture['kind'];
  readonly isKeyframe: boolean;
  readonly isDegraded: boolean;
  readonly unitIndex: number;
  readonly received: Millis;
  readonly captured: Millis | undefined;
  readonly #facts: PictureFacts;
  #frame: Frame | undefined;
  #sideData: { readonly vectors: MotionVectors | undefined } | undefined;

  /** Takes ownership of the frame. */
  constructor(frame: Frame, facts: PictureFacts) {
    this.#frame = frame;
    this.#facts = facts;
    this.pts = facts.pts;
    this.size = sizeOf(frame);
    this.kind = kindOf(frame);
    this.isKeyframe = facts.canBeKeyframe && this.kind === 'I';
    this.isDegraded = facts.isDegraded;
    this.unitIndex = facts.unitIndex;
    this.received = facts.received;
    this.captured = facts.captured;
    live++;
    collected.register(this, `a ${this.size.widthPx}x${this.size.heightPx} picture`, this);
  }

  get vectors(): MotionVectors | undefined {
    this.#sideData ??= { vectors: readVectors(this.#openFrame()) };
    return this.#sideData.vectors;
  }

  clone(): Picture {
    const frame = this.#openFrame().clone();
    if (!frame) throw new Error('no memory for another handle on a picture');
    const copy = new NodeAvPicture(frame, this.#facts);
    copy.#sideData = this.#sideData;
    return copy;
  }

  async toRgb(size: OutputSize): Promise<Uint8Array> {
    return this.#scale('rgb', size);
  }

  async toLuma(size: OutputSize): Promise<Uint8Array> {
    return this.#scale('luma', size);
  }

  async toYuv420(size: OutputSize): Promise<Uint8Array> {
    return this.#scale('yuv420', size);
  }

  [Symbol.dispose](): void {
    if (!this.#frame) return;
    this.#frame.free();
    this.#frame = undefined;
    live--;
    collected.unregister(this);
  }

  #scale(layout: PixelLayout, size: OutputSize): Promise<Uint8Array> {
    return scalePixels(this.#openFrame(), layout, size);
  }

  #openFrame(): Frame {
    if (!this.#frame) throw new DisposedError('the picture');
    return this.#frame;
  }
}
