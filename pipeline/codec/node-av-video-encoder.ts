import { Codec, type CodecContext, Rational } from 'node-av';
import {
  AV_PICTURE_TYPE_I,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_YUV420P,
  AVCOL_PRI_SMPTE170M,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_SMPTE170M,
  AVCOL_TRC_SMPTE170M,
  FF_ENCODER_LIBVPX_VP8,
  FF_ENCODER_LIBX264,
  type FFEncoderCodec,
} from 'node-av/constants';
import { DisposedError } from '../errors.ts';
import { silenceNativeLog, throwIfNegative } from './native-error.ts';
import { encodePicture, openPictureEncoder } from './picture-encoder.ts';
import { RgbToYuv } from './rgb-to-yuv.ts';
import type { OpenVideoEncoder, VideoCodec, VideoEncoder, VideoEncoderOptions } from './video-encoder.ts';

const MICROS = new Rational(1, 1_000_000);
/** Bits a second that no second exceeds by much: what a phone's connection bears. */
const MAX_BITS_PER_SECOND = 1_200_000;
/** Far more than anybody watches: keyframes come when they are asked for. */
const MAX_GOP_PICTURES = 1 << 20;

/**
 * libx264 as browsers and cameras send it. `superfast` is one step above the fastest: it has a deblocking filter and
 * takes a half longer for two thirds of the bytes. libvpx at its fastest, for constant quality under the same ceiling.
 */
const SETTINGS: Record<VideoCodec, { encoder: FFEncoderCodec; options: Record<string, string> }> = {
  h264: {
    encoder: FF_ENCODER_LIBX264,
    options: {
      preset: 'superfast',
      tune: 'zerolatency',
      profile: 'baseline',
      crf: '24',
      'forced-idr': '1',
      'x264-params': 'ref=1:scenecut=0',
    },
  },
  vp8: {
    encoder: FF_ENCODER_LIBVPX_VP8,
    options: {
      deadline: 'realtime',
      'cpu-used': '8',
      'lag-in-frames': '0',
      'auto-alt-ref': '0',
      crf: '12',
    },
  },
};

/** Codes video by libx264 and libvpx on libuv's threads, for about three milliseconds a picture of the default pack. */
export const openNodeAvVideoEncoder: OpenVideoEncoder = async (options) => {
  silenceNativeLog();
  const context = await openContext(options);
  return new NodeAvVideoEncoder(
    context,
    options.codec,
    new RgbToYuv({ ...options, isFullRange: false, matrix: AVCOL_SPC_SMPTE170M }),
  );
};

function openContext({ codec: name, target, framesPerSecond }: VideoEncoderOptions): Promise<CodecContext> {
  const { encoder, options } = SETTINGS[name];
  return openPictureEncoder(Codec.findEncoderByName(encoder), encoder, (context) => {
    context.width = target.widthPx;
    context.height = target.heightPx;
    context.pixelFormat = AV_PIX_FMT_YUV420P;
    context.timeBase = MICROS;
    context.framerate = new Rational(Math.round(framesPerSecond * 1000), 1000);
    // VP8 states no matrix and is taken for BT.601, so both are.
    context.colorRange = AVCOL_RANGE_MPEG;
    context.colorSpace = AVCOL_SPC_SMPTE170M;
    context.colorPrimaries = AVCOL_PRI_SMPTE170M;
    context.colorTrc = AVCOL_TRC_SMPTE170M;
    context.gopSize = MAX_GOP_PICTURES;
    context.maxBFrames = 0;
    context.threadCount = 1;
    context.rcMaxRate = BigInt(MAX_BITS_PER_SECOND);
    context.rcBufferSize = MAX_BITS_PER_SECOND / 2;
    if (name === 'vp8') context.bitRate = BigInt(MAX_BITS_PER_SECOND);
    for (const [key, value] of Object.entries(options))
      throwIfNegative(context.setOption(key, value), `Set ${key}`);
  });
}

class NodeAvVideoEncoder implements VideoEncoder {
  readonly #context: CodecContext;
  readonly #name: string;
  readonly #converter: RgbToYuv;
  #isOpen = true;

  constructor(context: CodecContext, name: string, converter: RgbToYuv) {
    this.#context = context;
    this.#name = name;
    this.#converter = converter;
  }

  async encode({ rgb, timestampUs, isKeyframe }: Parameters<VideoEncoder['encode']>[0]) {
    if (!this.#isOpen) throw new DisposedError('the video encoder');
    using frame = await this.#converter.convert(rgb);
    frame.pts = BigInt(timestampUs);
    frame.pictType = isKeyframe ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    return await encodePicture(this.#context, this.#name, frame);
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#converter[Symbol.dispose]();
    this.#context.freeContext();
  }
}
