import { Codec, CodecContext, Frame, Packet, Rational } from 'node-av';
import { AV_CODEC_ID_PNG, AV_PIX_FMT_RGB24 } from 'node-av/constants';
import { silenceNativeLog, throwIfNegative } from './native-error.ts';
import type { PictureSize } from './rgb-to-yuv.ts';

/** Codes a picture, uint8 [height, width, 3], RGB, which it borrows, as a PNG file. */
export async function encodePng(rgb: Uint8Array, { widthPx, heightPx }: PictureSize): Promise<Uint8Array> {
  silenceNativeLog();
  const codec = Codec.findEncoder(AV_CODEC_ID_PNG);
  if (!codec) throw new Error('this build of node-av has no PNG encoder');
  using context = new CodecContext();
  context.allocContext3(codec);
  context.width = widthPx;
  context.height = heightPx;
  context.pixelFormat = AV_PIX_FMT_RGB24;
  context.timeBase = new Rational(1, 1);
  context.threadCount = 1;
  throwIfNegative(await context.open2(codec), 'Open the PNG encoder');
  using frame = Frame.fromVideoBuffer(Buffer.from(rgb.buffer, rgb.byteOffset, rgb.byteLength), {
    width: widthPx,
    height: heightPx,
    format: AV_PIX_FMT_RGB24,
  });
  frame.pts = 0n;
  throwIfNegative(await context.sendFrame(frame), 'Send a picture to the PNG encoder');
  throwIfNegative(await context.sendFrame(null), 'Flush the PNG encoder');
  using packet = new Packet();
  packet.alloc();
  throwIfNegative(await context.receivePacket(packet), 'Receive a PNG');
  return Uint8Array.from(packet.data ?? []);
}
