import { Codec, CodecContext, Frame, Packet } from 'node-av';
import { AV_CODEC_ID_MJPEG } from 'node-av/constants';
import { describe, expect, it } from 'vitest';
import { openJpegEncoder } from '../../../pipeline/codec/jpeg-encoder.ts';
import { throwIfNegative } from '../../../pipeline/codec/native-error.ts';
import { scalePixels } from '../../../pipeline/codec/picture-scaler.ts';
import { DisposedError } from '../../../pipeline/errors.ts';

const SOURCE = { widthPx: 64, heightPx: 64 };
const TARGET = { widthPx: 114, heightPx: 64 };

/** Four quarters: red, green, blue and grey. */
const QUARTERS = [
  [220, 30, 30],
  [30, 200, 40],
  [20, 40, 210],
  [128, 128, 128],
] as const;
const picture = (): Uint8Array =>
  Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => {
    const [row, column] = [Math.floor(at / 192), Math.floor(at / 3) % 64];
    return QUARTERS[(row < 32 ? 0 : 2) + (column < 32 ? 0 : 1)]![at % 3]!;
  });

async function decode(jpeg: Uint8Array): Promise<{ widthPx: number; heightPx: number; rgb: Uint8Array }> {
  const codec = Codec.findDecoder(AV_CODEC_ID_MJPEG)!;
  using context = new CodecContext();
  context.allocContext3(codec);
  throwIfNegative(await context.open2(codec), 'Open the JPEG decoder');
  using packet = new Packet();
  packet.alloc();
  packet.data = Buffer.from(jpeg);
  throwIfNegative(await context.sendPacket(packet), 'Send a JPEG');
  using frame = new Frame();
  frame.alloc();
  throwIfNegative(await context.receiveFrame(frame), 'Receive a picture');
  const size = { widthPx: frame.width, heightPx: frame.height };
  return { ...size, rgb: await scalePixels(frame, 'rgb', size) };
}

describe('openJpegEncoder', () => {
  it('keeps colours and brings pictures to their size', async () => {
    using encoder = await openJpegEncoder({ source: SOURCE, target: TARGET, quantizer: 2 });
    const { widthPx, heightPx, rgb } = await decode(await encoder.encode(picture()));
    expect({ widthPx, heightPx }).toEqual(TARGET);
    for (const [quarter, colour] of QUARTERS.entries()) {
      const column = quarter % 2 === 0 ? 28 : 85;
      const row = quarter < 2 ? 16 : 48;
      const at = (row * widthPx + column) * 3;
      colour.forEach((value, channel) => {
        expect(Math.abs(rgb[at + channel]! - value), `quarter ${quarter}, channel ${channel}`).toBeLessThan(
          6,
        );
      });
    }
  });

  it('gives each picture by itself: equal pictures, equal bytes, whatever came before', async () => {
    using encoder = await openJpegEncoder({ source: SOURCE, target: TARGET, quantizer: 4 });
    const first = await encoder.encode(picture());
    const other = await encoder.encode(new Uint8Array(64 * 64 * 3));
    const again = await encoder.encode(picture());
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it('can be disposed of twice and takes nothing after that', async () => {
    const encoder = await openJpegEncoder({ source: SOURCE, target: TARGET, quantizer: 4 });
    encoder[Symbol.dispose]();
    encoder[Symbol.dispose]();
    await expect(encoder.encode(picture())).rejects.toThrow(DisposedError);
  });

  it('makes fewer bytes of a coarser quantizer', async () => {
    const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => (at * 2_654_435_761) >>> 24);
    const sizes: number[] = [];
    for (const quantizer of [2, 8, 31]) {
      using encoder = await openJpegEncoder({ source: SOURCE, target: TARGET, quantizer });
      sizes.push((await encoder.encode(noise)).length);
    }
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(new Set(sizes).size).toBe(3);
  });
});
