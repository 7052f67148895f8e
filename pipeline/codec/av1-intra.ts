import { Codec, CodecContext, Frame, Packet, Rational, SoftwareScaleContext } from 'node-av';
import {
  AV_CODEC_ID_AV1,
  AV_PIX_FMT_RGB24,
  AV_PIX_FMT_YUV420P,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_RGB,
  AVCOL_SPC_SMPTE170M,
  type AVPixelFormat,
  FF_ENCODER_LIBSVTAV1,
  SWS_ACCURATE_RND,
  SWS_BICUBIC,
  SWS_FULL_CHR_H_INP,
  SWS_FULL_CHR_H_INT,
} from 'node-av/constants';
import { silenceNativeLog, throwIfNegative } from './native-error.ts';

interface Size {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Everything that the size and quality of the coded pictures depend on. */
export const AV1_INTRA = { encoder: 'SVT-AV1', preset: 4, pixelFormat: 'yuv420p' } as const;

/** The encoder's quantizers, from the finest to the coarsest. */
const FINEST_CRF = 1;
const COARSEST_CRF = 63;

export interface Av1IntraOptions {
  /** Size of the picture. */
  readonly size: Size;
  /** Size at which it is coded, even; it is scaled bicubically to it and back. */
  readonly codedSize: Size;
  /** Most bytes that the coded picture may have. */
  readonly maxBytes: number;
}

/** A picture that went through AV1: RGB uint8 [height, width, 3] at its own size, and what it took. */
export interface Av1Picture {
  readonly rgb: Uint8Array;
  readonly bytes: number;
  readonly crf: number;
}

/**
 * Codes one picture, RGB uint8 [height, width, 3], as an AV1 key frame with the finest quantizer that keeps it within
 * `maxBytes`, and decodes it; undefined where even the coarsest does not. Takes up to a second.
 */
export async function throughAv1Intra(
  rgb: Uint8Array,
  { size, codedSize, maxBytes }: Av1IntraOptions,
): Promise<Av1Picture | undefined> {
  silenceNativeLog();
  // The encoder writes its settings to standard error for every picture unless the environment forbids it.
  process.env.SVT_LOG ??= '0';
  using source = fromRgb(rgb, size);
  using frame = await convert(source, { format: AV_PIX_FMT_YUV420P, size: codedSize });
  let best = { data: await encode(frame, COARSEST_CRF), crf: COARSEST_CRF };
  if (best.data.byteLength > maxBytes) return undefined;
  // Size falls as the quantizer grows, so that the border lies between what fits and what does not.
  for (let finest = FINEST_CRF; finest < best.crf; ) {
    const crf = (finest + best.crf) >> 1;
    const data = await encode(frame, crf);
    if (data.byteLength <= maxBytes) best = { data, crf };
    else finest = crf + 1;
  }
  return { rgb: await decode(best.data, size), bytes: best.data.byteLength, crf: best.crf };
}

async function encode(frame: Frame, crf: number): Promise<Uint8Array> {
  const codec = Codec.findEncoderByName(FF_ENCODER_LIBSVTAV1);
  if (!codec) throw new Error('this build of node-av has no AV1 encoder');
  using context = new CodecContext();
  context.allocContext3(codec);
  context.width = frame.width;
  context.height = frame.height;
  context.pixelFormat = AV_PIX_FMT_YUV420P;
  context.colorRange = AVCOL_RANGE_MPEG;
  context.timeBase = new Rational(1, 25);
  context.framerate = new Rational(25, 1);
  const settings = { preset: AV1_INTRA.preset, crf, 'svtav1-params': 'lp=1' };
  for (const [name, value] of Object.entries(settings))
    throwIfNegative(context.setOption(name, String(value)), `Set ${name}`);
  throwIfNegative(await context.open2(codec), 'Open the AV1 encoder');
  frame.pts = 0n;
  throwIfNegative(await context.sendFrame(frame), 'Send a picture to the AV1 encoder');
  throwIfNegative(await context.sendFrame(null), 'Flush the AV1 encoder');
  using packet = new Packet();
  packet.alloc();
  throwIfNegative(await context.receivePacket(packet), 'Receive an AV1 picture');
  return Uint8Array.from(packet.data ?? []);
}

async function decode(data: Uint8Array, size: Size): Promise<Uint8Array> {
  const codec = Codec.findDecoder(AV_CODEC_ID_AV1);
  if (!codec) throw new Error('this build of node-av has no AV1 decoder');
  using context = new CodecContext();
  context.allocContext3(codec);
  context.threadCount = 1;
  throwIfNegative(await context.open2(codec), 'Open the AV1 decoder');
  using packet = new Packet();
  packet.alloc();
  packet.data = Buffer.from(data);
  throwIfNegative(await context.sendPacket(packet), 'Send a picture to the AV1 decoder');
  throwIfNegative(await context.sendPacket(null), 'Flush the AV1 decoder');
  using frame = new Frame();
  frame.alloc();
  throwIfNegative(await context.receiveFrame(frame), 'Receive a picture of the AV1 decoder');
  frame.colorRange = AVCOL_RANGE_MPEG;
  frame.colorSpace = AVCOL_SPC_SMPTE170M;
  using target = await convert(frame, { format: AV_PIX_FMT_RGB24, size });
  return target.toBuffer();
}

function fromRgb(rgb: Uint8Array, { widthPx, heightPx }: Size): Frame {
  const frame = Frame.fromVideoBuffer(Buffer.from(rgb.buffer, rgb.byteOffset, rgb.byteLength), {
    width: widthPx,
    height: heightPx,
    format: AV_PIX_FMT_RGB24,
  });
  frame.colorRange = AVCOL_RANGE_JPEG;
  frame.colorSpace = AVCOL_SPC_RGB;
  return frame;
}

/** The same picture in another pixel format and size, BT.601. */
async function convert(
  source: Frame,
  { format, size }: { format: AVPixelFormat; size: Size },
): Promise<Frame> {
  const isRgb = format === AV_PIX_FMT_RGB24;
  const target = new Frame();
  target.alloc();
  const scaler = new SoftwareScaleContext();
  try {
    target.width = size.widthPx;
    target.height = size.heightPx;
    target.format = format;
    target.colorRange = isRgb ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    target.colorSpace = isRgb ? AVCOL_SPC_RGB : AVCOL_SPC_SMPTE170M;
    throwIfNegative(target.allocBuffer(), 'Allocate picture');
    scaler.allocContext();
    const flags = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP;
    throwIfNegative(scaler.setOption('sws_flags', flags), 'Set scaling flags');
    throwIfNegative(await scaler.scaleFrame(target, source), 'Convert picture');
    return target;
  } catch (error) {
    target.free();
    throw error;
  } finally {
    scaler.freeContext();
  }
}
