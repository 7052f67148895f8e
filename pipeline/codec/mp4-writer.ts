import { Codec, CodecContext, Dictionary, FormatContext, Packet, Rational } from 'node-av';
import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PIX_FMT_YUV420P,
  AVCOL_PRI_BT709,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_TRC_BT709,
  FF_ENCODER_LIBX264,
} from 'node-av/constants';
import type { Micros } from '../../client-sdk/protocol/units.ts';
import { silenceNativeLog, throwIfNegative } from './native-error.ts';
import { type PictureSize, RgbToYuv } from './rgb-to-yuv.ts';

/** Sizes of the pictures of a file, px; the target's are even. */
export interface Mp4WriterOptions {
  readonly source: PictureSize;
  readonly target: PictureSize;
}

const MICROS = new Rational(1, 1_000_000);

/**
 * Writes pictures as H.264 in an MP4 whose index is at the front. Each picture is shown until the next one; times are
 * kept as they are. Calls must not overlap; disposing of an unfinished writer leaves a file that cannot be played.
 */
export class Mp4Writer implements AsyncDisposable {
  readonly #encoder: CodecContext;
  readonly #container: FormatContext;
  readonly #converter: RgbToYuv;
  // Held back, because its duration is known when the next one comes.
  #held: { readonly rgb: Uint8Array; readonly at: Micros } | undefined;
  #isClosed = false;

  private constructor({ source, target }: Mp4WriterOptions, encoder: CodecContext, container: FormatContext) {
    this.#encoder = encoder;
    this.#container = container;
    this.#converter = new RgbToYuv({ source, target, isFullRange: false, matrix: AVCOL_SPC_BT709 });
  }

  /** Creates or overwrites a file. Rejects with a `NativeError` where that cannot be done. */
  static async open(path: string, options: Mp4WriterOptions): Promise<Mp4Writer> {
    silenceNativeLog();
    const encoder = await openEncoder(options.target);
    try {
      return new Mp4Writer(options, encoder, await openContainer(path, encoder));
    } catch (error) {
      encoder.freeContext();
      throw error;
    }
  }

  /** Takes the next picture, RGB uint8 [height, width, 3], which must not change any more; `at` increases. */
  async write(rgb: Uint8Array, at: Micros): Promise<void> {
    await this.#encodeHeld(at);
    this.#held = { rgb, at };
  }

  /** Shows the last picture until `endAt` and completes the file. */
  async finish(endAt: Micros): Promise<void> {
    await this.#encodeHeld(endAt);
    throwIfNegative(await this.#container.interleavedWriteFrame(null), 'Flush the MP4');
    throwIfNegative(await this.#container.writeTrailer(), 'Complete the MP4');
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#converter[Symbol.dispose]();
    this.#encoder.freeContext();
    await this.#container.closeOutput();
    this.#container.freeContext();
  }

  async #encodeHeld(endAt: Micros): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    if (!held) return;
    using frame = await this.#converter.convert(held.rgb);
    frame.pts = BigInt(held.at);
    throwIfNegative(await this.#encoder.sendFrame(frame), 'Send a picture to the H.264 encoder');
    using packet = new Packet();
    packet.alloc();
    throwIfNegative(await this.#encoder.receivePacket(packet), 'Receive a coded picture');
    packet.streamIndex = 0;
    packet.duration = BigInt(endAt - held.at);
    const stream = this.#container.streams[0];
    if (stream) packet.rescaleTs(MICROS, stream.timeBase);
    throwIfNegative(await this.#container.interleavedWriteFrame(packet), 'Write a coded picture');
  }
}

async function openEncoder({ widthPx, heightPx }: Mp4WriterOptions['target']): Promise<CodecContext> {
  const codec = Codec.findEncoderByName(FF_ENCODER_LIBX264);
  if (!codec) throw new Error('this build of node-av has no H.264 encoder');
  const context = new CodecContext();
  try {
    context.allocContext3(codec);
    context.width = widthPx;
    context.height = heightPx;
    context.pixelFormat = AV_PIX_FMT_YUV420P;
    context.timeBase = MICROS;
    context.colorRange = AVCOL_RANGE_MPEG;
    context.colorSpace = AVCOL_SPC_BT709;
    context.colorPrimaries = AVCOL_PRI_BT709;
    context.colorTrc = AVCOL_TRC_BT709;
    // The container holds the parameter sets.
    context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
    // Without delay each picture gives its packet at once; the rest is quality that hides nothing.
    for (const [name, value] of Object.entries({ preset: 'medium', tune: 'zerolatency', crf: '16' }))
      throwIfNegative(context.setOption(name, value), `Set ${name}`);
    throwIfNegative(await context.open2(codec), 'Open the H.264 encoder');
    return context;
  } catch (error) {
    context.freeContext();
    throw error;
  }
}

async function openContainer(path: string, encoder: CodecContext): Promise<FormatContext> {
  const container = new FormatContext();
  let isOpen = false;
  try {
    throwIfNegative(container.allocOutputContext2(null, 'mp4', path), 'Make an MP4');
    const stream = container.newStream(null);
    throwIfNegative(stream.codecpar.fromContext(encoder), 'Describe the video');
    stream.timeBase = MICROS;
    throwIfNegative(await container.openOutput(), `Open ${path}`);
    isOpen = true;
    using options = Dictionary.fromObject({ movflags: '+faststart' });
    throwIfNegative(await container.writeHeader(options), 'Begin the MP4');
    return container;
  } catch (error) {
    if (isOpen) await container.closeOutput();
    container.freeContext();
    throw error;
  }
}
