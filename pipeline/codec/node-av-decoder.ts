import { Codec, CodecContext, FFmpegError, Frame, Packet, PosixError } from 'node-av';
import {
  AV_CODEC_FLAG2_EXPORT_MVS,
  AV_CODEC_ID_AV1,
  AV_CODEC_ID_H263,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_CODEC_ID_MPEG1VIDEO,
  AV_CODEC_ID_MPEG2VIDEO,
  AV_CODEC_ID_MPEG4,
  AV_CODEC_ID_MSMPEG4V3,
  AV_CODEC_ID_VP8,
  AV_CODEC_ID_VP9,
  AV_FRAME_FLAG_CORRUPT,
  AV_FRAME_FLAG_KEY,
  type AVCodecID,
  AVERROR_EOF,
} from 'node-av/constants';
import type { Micros } from '../../client-sdk/protocol/units.ts';
import { DisposedError, MediaError } from '../errors.ts';
import type { AccessUnit, Picture, VideoCodec, VideoFormat } from '../types.ts';
import { DamageTracker } from './damage-tracker.ts';
import type { DecodeResult, OpenDecoder, VideoDecoder } from './decoder.ts';
import { NativeError, silenceNativeLog, throwIfNegative } from './native-error.ts';
import { NodeAvPicture } from './node-av-picture.ts';

const CODEC_IDS: Record<VideoCodec, AVCodecID> = {
  h264: AV_CODEC_ID_H264,
  mpeg4: AV_CODEC_ID_MPEG4,
  mpeg2: AV_CODEC_ID_MPEG2VIDEO,
  mpeg1: AV_CODEC_ID_MPEG1VIDEO,
  h263: AV_CODEC_ID_H263,
  msmpeg4: AV_CODEC_ID_MSMPEG4V3,
  vp8: AV_CODEC_ID_VP8,
  vp9: AV_CODEC_ID_VP9,
  av1: AV_CODEC_ID_AV1,
  hevc: AV_CODEC_ID_HEVC,
};

const AVERROR_EAGAIN = FFmpegError.AVERROR(PosixError.EAGAIN);

/** Units that may wait for their pictures: twice what the deepest reordering (16 pictures, H.264 A.3.1) can hold. */
const MAX_SENT_UNITS = 64;

interface SentUnit {
  readonly unit: Pick<AccessUnit, 'pts' | 'isKeyframe' | 'captured'>;
  readonly isDegraded: boolean;
}

async function openContext(format: VideoFormat): Promise<CodecContext> {
  const codec = Codec.findDecoder(CODEC_IDS[format.codec]);
  if (!codec) throw new MediaError('unsupported-codec', `there is no decoder for ${format.codec}`);
  const context = new CodecContext();
  try {
    context.allocContext3(codec);
    context.setFlags2(AV_CODEC_FLAG2_EXPORT_MVS);
    // More threads would hold pictures back.
    context.threadCount = 1;
    if (format.extradata) context.extraData = Buffer.from(format.extradata);
    if (format.widthPx && format.heightPx) {
      context.width = format.widthPx;
      context.height = format.heightPx;
    }
    throwIfNegative(await context.open2(codec), `Open the ${format.codec} decoder`);
    return context;
  } catch (error) {
    context.freeContext();
    if (!(error instanceof NativeError)) throw error;
    throw new MediaError('unsupported-codec', error.message, { cause: error });
  }
}

class NodeAvDecoder implements VideoDecoder {
  readonly #context: CodecContext;
  readonly #packet = new Packet();
  readonly #damage = new DamageTracker();
  // Keyed by the number that travels through the decoder in place of the timestamp: unlike one it is always unique.
  readonly #sent = new Map<number, SentUnit>();
  #sentCount = 0;
  #newest: Pick<AccessUnit, 'index' | 'received'> | undefined;
  #lastPts: Micros | undefined;
  // The native call under way; the context must outlive it.
  #running: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(context: CodecContext) {
    this.#context = context;
    this.#packet.alloc();
  }

  async decode(unit: AccessUnit): Promise<DecodeResult> {
    return this.#run(async (pictures) => {
      this.#enter(unit);
      const sent = await this.#send(unit, pictures);
      const received = await this.#receive(pictures);
      const refused = sent < 0 ? sent : received;
      if (refused >= 0) return { pictures };
      this.#damage.damage();
      return { pictures, fault: new NativeError(refused, `Decode unit ${unit.index}`) };
    });
  }

  async flush(): Promise<readonly Picture[]> {
    return this.#run(async (pictures) => {
      const returnCode = await this.#context.sendPacket(null);
      if (returnCode !== AVERROR_EOF) throwIfNegative(returnCode, 'End the stream of units');
      await this.#receive(pictures);
      this.#context.flushBuffers();
      this.#sent.clear();
      this.#lastPts = undefined;
      return pictures;
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#running.then(() => {
      this.#packet.free();
      this.#context.freeContext();
      this.#sent.clear();
    });
    return this.#closing;
  }

  /** Runs a task after the one before it; disposes of the pictures it made if it throws. */
  async #run<T>(task: (pictures: Picture[]) => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw new DisposedError('the decoder');
    const run = async (): Promise<T> => {
      const pictures: Picture[] = [];
      try {
        return await task(pictures);
      } catch (error) {
        for (const picture of pictures) picture[Symbol.dispose]();
        throw error;
      }
    };
    const result = this.#running.then(run);
    this.#running = result.catch(() => undefined);
    return result;
  }

  #enter(unit: AccessUnit): void {
    this.#newest = { index: unit.index, received: unit.received };
    this.#sentCount++;
    this.#sent.set(this.#sentCount, {
      unit: { pts: unit.pts, isKeyframe: unit.isKeyframe, captured: unit.captured },
      isDegraded: this.#damage.enter(unit),
    });
    this.#sent.delete(this.#sentCount - MAX_SENT_UNITS);
  }

  async #send(unit: AccessUnit, pictures: Picture[]): Promise<number> {
    this.#packet.unref();
    this.#packet.data = Buffer.from(unit.data.buffer, unit.data.byteOffset, unit.data.byteLength);
    this.#packet.pts = BigInt(this.#sentCount);
    this.#packet.isKeyframe = unit.isKeyframe;
    const returnCode = await this.#context.sendPacket(this.#packet);
    if (returnCode !== AVERROR_EAGAIN) return returnCode;
    // A fault made the last call stop before all pictures were out.
    await this.#receive(pictures);
    return this.#context.sendPacket(this.#packet);
  }

  /** Takes what the decoder gives now; returns 0, or the code of the fault that stopped it. */
  async #receive(pictures: Picture[]): Promise<number> {
    for (;;) {
      const frame = new Frame();
      frame.alloc();
      let returnCode: number;
      try {
        returnCode = await this.#context.receiveFrame(frame);
        if (returnCode >= 0) {
          const picture = this.#toPicture(frame);
          if (this.#isInOrder(picture)) pictures.push(picture);
          continue;
        }
      } catch (error) {
        frame.free();
        throw error;
      }
      frame.free();
      return returnCode === AVERROR_EAGAIN || returnCode === AVERROR_EOF ? 0 : returnCode;
    }
  }

  /**
   * Disposes of a picture that comes after later ones. That happens where a unit was lost that others were to be
   * reordered around, and the loss has been told by who noticed it.
   */
  #isInOrder(picture: Picture): boolean {
    if (this.#lastPts !== undefined && picture.pts <= this.#lastPts) {
      picture[Symbol.dispose]();
      return false;
    }
    this.#lastPts = picture.pts;
    return true;
  }

  #toPicture(frame: Frame): Picture {
    const key = Number(frame.pts);
    const sent = this.#sent.get(key);
    const newest = this.#newest;
    if (!sent || !newest) throw new Error(`the decoder gave a picture of no unit that was sent (${key})`);
    this.#sent.delete(key);
    const isConcealed = frame.decodeErrorFlags !== 0 || frame.hasFlags(AV_FRAME_FLAG_CORRUPT);
    if (isConcealed) this.#damage.damage();
    return new NodeAvPicture(frame, {
      pts: sent.unit.pts,
      canBeKeyframe: sent.unit.isKeyframe || frame.hasFlags(AV_FRAME_FLAG_KEY),
      isDegraded: sent.isDegraded || isConcealed,
      unitIndex: newest.index,
      received: newest.received,
      captured: sent.unit.captured,
    });
  }
}

/** Opens a libavcodec decoder on one thread, with motion vectors exported. */
export const openNodeAvDecoder: OpenDecoder = async (format) => {
  silenceNativeLog();
  return new NodeAvDecoder(await openContext(format));
};
