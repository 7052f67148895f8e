import { Codec, Frame, Rational } from 'node-av';
import { AV_CODEC_ID_PNG, AV_PIX_FMT_RGB24 } from 'node-av/constants';
import { silenceNativeLog } from './native-error.ts';
import { encodePicture, openPictureEncoder } from './picture-encoder.ts';
import type { PictureSize } from './rgb-to-yuv.ts';

/** Codes a picture, uint8 [height, width, 3], RGB, which it borrows, as a PNG file. */
export async function encodePng(rgb: Uint8Array, { widthPx, heightPx }: PictureSize): Promise<Uint8Array> {
  silenceNativeLog();
  using encoder = await openPictureEncoder(Codec.findEncoder(AV_CODEC_ID_PNG), 'PNG', (context) => {
    context.width = widthPx;
    context.height = heightPx;
    context.pixelFormat = AV_PIX_FMT_RGB24;
    context.timeBase = new Rational(1, 1);
    context.threadCount = 1;
  });
  using frame = Frame.fromVideoBuffer(Buffer.from(rgb.buffer, rgb.byteOffset, rgb.byteLength), {
    width: widthPx,
    height: heightPx,
    format: AV_PIX_FMT_RGB24,
  });
  frame.pts = 0n;
  return (await encodePicture(encoder, 'PNG', frame)).data;
}
