import { Codec, CodecContext, Frame, Packet } from 'node-av';
import { AV_CODEC_ID_H264, AV_CODEC_ID_VP8 } from 'node-av/constants';
import { silenceNativeLog, throwIfNegative } from '../../pipeline/codec/native-error.ts';
import { scalePixels } from '../../pipeline/codec/picture-scaler.ts';
import type { VideoCodec } from '../../pipeline/codec/video-encoder.ts';

/** A decoded picture: uint8 [height, width, 3], RGB. */
export interface DecodedPicture {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly rgb: Uint8Array;
}

/** Decodes units by libavcodec, one after another, as a player without a container does. */
export async function decodeUnits(
  codec: VideoCodec,
  units: readonly { readonly data: Uint8Array }[],
): Promise<DecodedPicture[]> {
  silenceNativeLog();
  const decoder = Codec.findDecoder(codec === 'h264' ? AV_CODEC_ID_H264 : AV_CODEC_ID_VP8)!;
  using context = new CodecContext();
  context.allocContext3(decoder);
  context.threadCount = 1;
  throwIfNegative(await context.open2(decoder), 'Open the decoder');
  const pictures: DecodedPicture[] = [];
  const drain = async (): Promise<void> => {
    for (;;) {
      using frame = new Frame();
      frame.alloc();
      if ((await context.receiveFrame(frame)) < 0) return;
      const size = { widthPx: frame.width, heightPx: frame.height };
      pictures.push({ ...size, rgb: await scalePixels(frame, 'rgb', size) });
    }
  };
  for (const { data } of units) {
    using packet = new Packet();
    packet.alloc();
    packet.data = Buffer.from(data);
    throwIfNegative(await context.sendPacket(packet), 'Send a unit');
    await drain();
  }
  throwIfNegative(await context.sendPacket(null), 'Flush the decoder');
  await drain();
  return pictures;
}
