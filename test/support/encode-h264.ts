import { Codec, CodecContext, Frame, Packet, Rational } from 'node-av';
import { AV_PIX_FMT_YUV420P, FF_ENCODER_LIBX264 } from 'node-av/constants';
import { micros, millis } from '../../client-sdk/protocol/units.ts';
import { silenceNativeLog } from '../../pipeline/codec/native-error.ts';
import type { AccessUnit } from '../../pipeline/types.ts';
import type { MediaUnits } from './media-units.ts';

const check = (returnCode: number): void => {
  if (returnCode < 0) throw new Error(`the test's encoder failed: ${returnCode}`);
};

/** Encodes planar 4:2:0 pictures as browsers do: H.264 without reordering, one reference, one keyframe. */
export async function encodeH264(
  pictures: readonly Uint8Array[],
  options: { widthPx: number; heightPx: number; framesPerSecond: number; times?: readonly number[] },
): Promise<MediaUnits> {
  silenceNativeLog();
  const codec = Codec.findEncoderByName(FF_ENCODER_LIBX264);
  if (!codec) throw new Error('this build of node-av has no libx264');
  using context = new CodecContext();
  context.allocContext3(codec);
  context.width = options.widthPx;
  context.height = options.heightPx;
  context.pixelFormat = AV_PIX_FMT_YUV420P;
  context.timeBase = new Rational(1, 1000);
  context.framerate = new Rational(options.framesPerSecond, 1);
  context.gopSize = 1000;
  context.threadCount = 1;
  for (const [name, value] of Object.entries({
    preset: 'medium',
    tune: 'zerolatency',
    crf: '18',
    'x264-params': 'ref=1',
  })) {
    check(context.setOption(name, value));
  }
  check(await context.open2(codec));
  const units: AccessUnit[] = [];
  for (const [index, pixels] of pictures.entries()) {
    using frame = Frame.fromVideoBuffer(Buffer.from(pixels), {
      width: options.widthPx,
      height: options.heightPx,
      format: AV_PIX_FMT_YUV420P,
    });
    frame.pts = BigInt(index);
    check(await context.sendFrame(frame));
    using packet = new Packet();
    packet.alloc();
    check(await context.receivePacket(packet));
    units.push({
      index,
      data: Uint8Array.from(packet.data ?? []),
      pts: micros(options.times?.[index] ?? (index * 1e6) / options.framesPerSecond),
      isKeyframe: packet.isKeyframe,
      received: millis(index),
    });
  }
  return { format: { codec: 'h264', referencePictures: 1, hasReordering: false }, units };
}
