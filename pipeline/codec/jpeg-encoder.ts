import { Codec, type CodecContext, Rational } from 'node-av';
import {
  AV_CODEC_FLAG_QSCALE,
  AV_CODEC_ID_MJPEG,
  AV_PIX_FMT_YUVJ420P,
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_SMPTE170M,
  FF_QP2LAMBDA,
} from 'node-av/constants';
import { DisposedError } from '../errors.ts';
import { silenceNativeLog } from './native-error.ts';
import { encodePicture, openPictureEncoder } from './picture-encoder.ts';
import { type PictureSize, RgbToYuv } from './rgb-to-yuv.ts';

/** Sizes and quality of the pictures of one encoder. */
export interface JpegEncoderOptions {
  readonly source: PictureSize;
  /** Size that pictures are brought to, even. */
  readonly target: PictureSize;
  /** 1 (best) to 31. */
  readonly quantizer: number;
}

/** Codes pictures as JPEG, in about two milliseconds of a thread that is not the caller's. */
export interface JpegEncoder extends Disposable {
  /** Codes a picture, uint8 [height, width, 3], RGB, full range, which it borrows; calls must not overlap. */
  encode(rgb: Uint8Array): Promise<Uint8Array>;
}

/** Opens an encoder for pictures of one size; it is disposed of between calls. */
export async function openJpegEncoder({
  source,
  target,
  quantizer,
}: JpegEncoderOptions): Promise<JpegEncoder> {
  silenceNativeLog();
  const codec = await openCodec(target, quantizer);
  // JFIF 1.02 knows one matrix: that of BT.601.
  const converter = new RgbToYuv({ source, target, isFullRange: true, matrix: AVCOL_SPC_SMPTE170M });
  let isOpen = true;
  let pictures = 0n;
  return {
    encode: async (rgb) => {
      if (!isOpen) throw new DisposedError('the JPEG encoder');
      using frame = await converter.convert(rgb);
      frame.pts = pictures++;
      frame.quality = quantizer * FF_QP2LAMBDA;
      const { data } = await encodePicture(codec, 'JPEG', frame);
      return data;
    },
    [Symbol.dispose]: () => {
      if (!isOpen) return;
      isOpen = false;
      converter[Symbol.dispose]();
      codec.freeContext();
    },
  };
}

const openCodec = (target: PictureSize, quantizer: number): Promise<CodecContext> =>
  openPictureEncoder(Codec.findEncoder(AV_CODEC_ID_MJPEG), 'JPEG', (context) => {
    context.width = target.widthPx;
    context.height = target.heightPx;
    context.pixelFormat = AV_PIX_FMT_YUVJ420P;
    context.colorRange = AVCOL_RANGE_JPEG;
    context.timeBase = new Rational(1, 1000);
    context.threadCount = 1;
    context.setFlags(AV_CODEC_FLAG_QSCALE);
    context.globalQuality = quantizer * FF_QP2LAMBDA;
  });
