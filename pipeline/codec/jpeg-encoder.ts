import { Codec, CodecContext, Frame, Packet, Rational, SoftwareScaleContext } from 'node-av';
import {
  AV_CODEC_FLAG_QSCALE,
  AV_CODEC_ID_MJPEG,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUVJ420P,
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_RGB,
  AVCOL_SPC_SMPTE170M,
  FF_QP2LAMBDA,
  SWS_ACCURATE_RND,
  SWS_BICUBIC,
  SWS_BITEXACT,
} from 'node-av/constants';
import { DisposedError } from '../errors.ts';
import { silenceNativeLog, throwIfNegative } from './native-error.ts';

/** Sizes and quality of the pictures of one encoder. */
export interface JpegEncoderOptions {
  readonly source: { readonly widthPx: number; readonly heightPx: number };
  /** Size that pictures are brought to, even. */
  readonly target: { readonly widthPx: number; readonly heightPx: number };
  /** 1 (best) to 31. */
  readonly quantizer: number;
}

/** Codes pictures as JPEG. Calls block the thread for about two milliseconds: for worker threads and command lines. */
export interface JpegEncoder extends Disposable {
  /** Codes a picture, uint8 [height, width, 3], RGB, full range, which it borrows; the caller owns the JPEG. */
  encode(rgb: Uint8Array): Uint8Array<ArrayBuffer>;
}

/** Opens an encoder for pictures of one size. */
export function openJpegEncoder(options: JpegEncoderOptions): JpegEncoder {
  silenceNativeLog();
  const { source, target, quantizer } = options;
  const codec = openCodec(target, quantizer);
  const scaler = new SoftwareScaleContext();
  scaler.allocContext();
  throwIfNegative(
    scaler.setOption('sws_flags', SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT),
    'Set scaling flags',
  );
  const packet = new Packet();
  packet.alloc();
  let isOpen = true;
  let pictures = 0n;
  return {
    encode: (rgb) => {
      if (!isOpen) throw new DisposedError('the JPEG encoder');
      using from = toFrame(rgb, source);
      using frame = allocateTarget(target);
      throwIfNegative(scaler.scaleFrameSync(frame, from), 'Scale picture');
      frame.pts = pictures++;
      frame.quality = quantizer * FF_QP2LAMBDA;
      throwIfNegative(codec.sendFrameSync(frame), 'Send a picture to the JPEG encoder');
      packet.unref();
      throwIfNegative(codec.receivePacketSync(packet), 'Receive a JPEG');
      const { data } = packet;
      if (!data) throw new Error('the JPEG encoder gave an empty packet');
      return new Uint8Array(data);
    },
    [Symbol.dispose]: () => {
      if (!isOpen) return;
      isOpen = false;
      packet.free();
      scaler.freeContext();
      codec.freeContext();
    },
  };
}

function openCodec(target: JpegEncoderOptions['target'], quantizer: number): CodecContext {
  const codec = Codec.findEncoder(AV_CODEC_ID_MJPEG);
  if (!codec) throw new Error('this build of node-av has no JPEG encoder');
  const context = new CodecContext();
  try {
    context.allocContext3(codec);
    context.width = target.widthPx;
    context.height = target.heightPx;
    context.pixelFormat = AV_PIX_FMT_YUVJ420P;
    context.colorRange = AVCOL_RANGE_JPEG;
    context.timeBase = new Rational(1, 1000);
    context.threadCount = 1;
    context.setFlags(AV_CODEC_FLAG_QSCALE);
    context.globalQuality = quantizer * FF_QP2LAMBDA;
    throwIfNegative(context.open2Sync(codec), 'Open the JPEG encoder');
    return context;
  } catch (error) {
    context.freeContext();
    throw error;
  }
}

function toFrame(rgb: Uint8Array, size: JpegEncoderOptions['source']): Frame {
  const frame = Frame.fromVideoBuffer(Buffer.from(rgb.buffer, rgb.byteOffset, rgb.byteLength), {
    width: size.widthPx,
    height: size.heightPx,
    format: AV_PIX_FMT_RGB24,
  });
  frame.colorRange = AVCOL_RANGE_JPEG;
  frame.colorSpace = AVCOL_SPC_RGB;
  return frame;
}

function allocateTarget(size: JpegEncoderOptions['target']): Frame {
  const frame = new Frame();
  frame.alloc();
  frame.width = size.widthPx;
  frame.height = size.heightPx;
  frame.format = AV_PIX_FMT_YUVJ420P;
  frame.colorRange = AVCOL_RANGE_JPEG;
  // JFIF 1.02 knows one matrix: that of BT.601.
  frame.colorSpace = AVCOL_SPC_SMPTE170M;
  throwIfNegative(frame.allocBuffer(), 'Allocate picture');
  return frame;
}
