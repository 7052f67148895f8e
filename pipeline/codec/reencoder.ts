import { Codec, CodecContext, Frame, Packet, Rational } from 'node-av';
import {
  AV_CODEC_FLAG_BITEXACT,
  AV_CODEC_FLAG_QSCALE,
  AV_CODEC_FLAG2_EXPORT_MVS,
  AV_CODEC_ID_MPEG4,
  AV_FRAME_DATA_MOTION_VECTORS,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_YUV420P,
  FF_QP2LAMBDA,
} from 'node-av/constants';
import { DisposedError } from '../errors.ts';
import type { MotionVectors } from '../types.ts';
import { fromMotionVectorSideData } from './motion-vectors.ts';
import { silenceNativeLog, throwIfNegative } from './native-error.ts';

/** Everything that the vectors of a second encode depend on. */
export interface ReencodeSettings {
  readonly codec: 'mpeg4';
  /** Size of the pictures, px. */
  readonly width: number;
  readonly height: number;
  /** Constant quantizer scale, 1 to 31 (ISO/IEC 14496-2 6.3.5). */
  readonly quantizer: number;
  /** Pictures between two I pictures. */
  readonly gopPictures: number;
  readonly motionEstimation: 'zero' | 'epzs' | 'xone';
  readonly threads: 1;
}

/** Encodes the pictures of one clip and decodes them again for their vectors, which encoders do not export. */
export interface Reencoder extends AsyncDisposable {
  /**
   * Takes the next picture, planar 4:2:0 at the settings' size; gives the vectors that lead to it from the one
   * before: undefined for the first and for others that the encoder made an I picture.
   */
  encode(yuv420: Uint8Array): Promise<MotionVectors | undefined>;
}

async function openEncoder(settings: ReencodeSettings): Promise<CodecContext> {
  const codec = Codec.findEncoder(AV_CODEC_ID_MPEG4);
  if (!codec) throw new Error('this build of node-av has no MPEG-4 encoder');
  const context = new CodecContext();
  try {
    context.allocContext3(codec);
    context.width = settings.width;
    context.height = settings.height;
    context.pixelFormat = AV_PIX_FMT_YUV420P;
    // Pictures are numbered, not timed: the vectors must not depend on when they are shown.
    context.timeBase = new Rational(1, 1000);
    context.framerate = new Rational(1000, 1);
    context.gopSize = settings.gopPictures;
    context.maxBFrames = 0;
    context.threadCount = settings.threads;
    context.setFlags(AV_CODEC_FLAG_QSCALE, AV_CODEC_FLAG_BITEXACT);
    context.globalQuality = settings.quantizer * FF_QP2LAMBDA;
    throwIfNegative(context.setOption('motion_est', settings.motionEstimation), 'Set motion_est');
    throwIfNegative(await context.open2(codec), 'Open the MPEG-4 encoder');
    return context;
  } catch (error) {
    context.freeContext();
    throw error;
  }
}

async function openDecoder(): Promise<CodecContext> {
  const codec = Codec.findDecoder(AV_CODEC_ID_MPEG4);
  if (!codec) throw new Error('this build of node-av has no MPEG-4 decoder');
  const context = new CodecContext();
  try {
    context.allocContext3(codec);
    context.setFlags2(AV_CODEC_FLAG2_EXPORT_MVS);
    context.threadCount = 1;
    throwIfNegative(await context.open2(codec), 'Open the MPEG-4 decoder');
    return context;
  } catch (error) {
    context.freeContext();
    throw error;
  }
}

class Mpeg4Reencoder implements Reencoder {
  readonly #settings: ReencodeSettings;
  readonly #encoder: CodecContext;
  readonly #decoder: CodecContext;
  readonly #packet = new Packet();
  #pictures = 0;
  // The native call under way; the contexts must outlive it.
  #running: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(settings: ReencodeSettings, codecs: { encoder: CodecContext; decoder: CodecContext }) {
    this.#settings = settings;
    this.#encoder = codecs.encoder;
    this.#decoder = codecs.decoder;
    this.#packet.alloc();
  }

  async encode(yuv420: Uint8Array): Promise<MotionVectors | undefined> {
    if (this.#closing !== undefined) throw new DisposedError('the re-encoder');
    const result = this.#running.then(() => this.#encode(yuv420));
    this.#running = result.catch(() => undefined);
    return result;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#running.then(() => {
      this.#packet.free();
      this.#encoder.freeContext();
      this.#decoder.freeContext();
    });
    return this.#closing;
  }

  async #encode(yuv420: Uint8Array): Promise<MotionVectors | undefined> {
    using source = this.#toFrame(yuv420);
    throwIfNegative(await this.#encoder.sendFrame(source), 'Send a picture to the MPEG-4 encoder');
    this.#packet.unref();
    throwIfNegative(await this.#encoder.receivePacket(this.#packet), 'Receive a coded picture');
    throwIfNegative(
      await this.#decoder.sendPacket(this.#packet),
      'Send a coded picture to the MPEG-4 decoder',
    );
    using decoded = new Frame();
    decoded.alloc();
    throwIfNegative(await this.#decoder.receiveFrame(decoded), 'Receive a decoded picture');
    const sideData = decoded.getSideData(AV_FRAME_DATA_MOTION_VECTORS);
    return sideData ? fromMotionVectorSideData(sideData) : undefined;
  }

  #toFrame(yuv420: Uint8Array): Frame {
    const frame = Frame.fromVideoBuffer(Buffer.from(yuv420.buffer, yuv420.byteOffset, yuv420.byteLength), {
      width: this.#settings.width,
      height: this.#settings.height,
      format: AV_PIX_FMT_YUV420P,
    });
    frame.pts = BigInt(this.#pictures++);
    frame.pictType = AV_PICTURE_TYPE_NONE;
    // With AV_CODEC_FLAG_QSCALE the encoder takes each picture's quantizer from here.
    frame.quality = this.#settings.quantizer * FF_QP2LAMBDA;
    return frame;
  }
}

/** Opens a re-encoder with an empty past, for one clip. */
export async function openReencoder(settings: ReencodeSettings): Promise<Reencoder> {
  silenceNativeLog();
  const encoder = await openEncoder(settings);
  try {
    return new Mpeg4Reencoder(settings, { encoder, decoder: await openDecoder() });
  } catch (error) {
    encoder.freeContext();
    throw error;
  }
}
