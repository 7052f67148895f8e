import { Frame, SoftwareScaleContext } from 'node-av';
import {
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUVJ420P,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_RGB,
  type AVColorSpace,
  SWS_ACCURATE_RND,
  SWS_BICUBIC,
  SWS_BITEXACT,
} from 'node-av/constants';
import { throwIfNegative } from './native-error.ts';

/** Width and height of a picture, px. */
export interface PictureSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** From which pictures to which; the target's sizes are even. */
export interface RgbToYuvOptions {
  readonly source: PictureSize;
  readonly target: PictureSize;
  /** Whether luma takes 0 to 255 (as JPEG wants) rather than 16 to 235. */
  readonly isFullRange: boolean;
  readonly matrix: AVColorSpace;
}

/** Brings RGB pictures of one size to planar 4:2:0 of another. Calls must not overlap. */
export class RgbToYuv implements Disposable {
  readonly #options: RgbToYuvOptions;
  readonly #scaler = new SoftwareScaleContext();

  constructor(options: RgbToYuvOptions) {
    this.#options = options;
    this.#scaler.allocContext();
    const flags = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT;
    throwIfNegative(this.#scaler.setOption('sws_flags', flags), 'Set scaling flags');
  }

  /** Converts uint8 [height, width, 3], RGB, full range, which it borrows; the caller owns the frame. */
  async convert(rgb: Uint8Array): Promise<Frame> {
    using from = this.#wrap(rgb);
    const to = this.#allocate();
    try {
      throwIfNegative(await this.#scaler.scaleFrame(to, from), 'Scale picture');
      return to;
    } catch (error) {
      to.free();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#scaler.freeContext();
  }

  #wrap(rgb: Uint8Array): Frame {
    const { source } = this.#options;
    const frame = Frame.fromVideoBuffer(Buffer.from(rgb.buffer, rgb.byteOffset, rgb.byteLength), {
      width: source.widthPx,
      height: source.heightPx,
      format: AV_PIX_FMT_RGB24,
    });
    frame.colorRange = AVCOL_RANGE_JPEG;
    frame.colorSpace = AVCOL_SPC_RGB;
    return frame;
  }

  #allocate(): Frame {
    const { target, isFullRange, matrix } = this.#options;
    const frame = new Frame();
    frame.alloc();
    try {
      frame.width = target.widthPx;
      frame.height = target.heightPx;
      frame.format = isFullRange ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
      frame.colorRange = isFullRange ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
      frame.colorSpace = matrix;
      throwIfNegative(frame.allocBuffer(), 'Allocate picture');
      return frame;
    } catch (error) {
      frame.free();
      throw error;
    }
  }
}
