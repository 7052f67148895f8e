/** Reads the coded pictures of a file with libavformat, so that decoder tests do not depend on our demultiplexers. */
import { type CodecParameters, FormatContext, Packet } from 'node-av';
import {
  AV_CODEC_ID_H263,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_MPEG1VIDEO,
  AV_CODEC_ID_MPEG2VIDEO,
  AV_CODEC_ID_MPEG4,
  AV_CODEC_ID_MSMPEG4V3,
  AV_CODEC_ID_VP8,
  AV_CODEC_ID_VP9,
  AV_NOPTS_VALUE,
  type AVCodecID,
  AVMEDIA_TYPE_VIDEO,
} from 'node-av/constants';
import { micros, millis } from '../../client-sdk/protocol/units.ts';
import type { AccessUnit, VideoCodec, VideoFormat } from '../../pipeline/types.ts';

const CODECS = new Map<AVCodecID, VideoCodec>([
  [AV_CODEC_ID_H264, 'h264'],
  [AV_CODEC_ID_MPEG4, 'mpeg4'],
  [AV_CODEC_ID_MPEG2VIDEO, 'mpeg2'],
  [AV_CODEC_ID_MSMPEG4V3, 'msmpeg4'],
  [AV_CODEC_ID_VP8, 'vp8'],
  [AV_CODEC_ID_H263, 'h263'],
  [AV_CODEC_ID_MPEG1VIDEO, 'mpeg1'],
  [AV_CODEC_ID_VP9, 'vp9'],
]);

export interface MediaUnits {
  readonly format: VideoFormat;
  readonly units: AccessUnit[];
}

function formatOf(parameters: CodecParameters): VideoFormat {
  const codec = CODECS.get(parameters.codecId);
  if (!codec) throw new Error(`no test reads codec ${parameters.codecId}`);
  return {
    codec,
    extradata: parameters.extradata ?? undefined,
    widthPx: parameters.width,
    heightPx: parameters.height,
  };
}

/** All video units of a file in decoding order; without timestamps they are `framesPerSecond` apart. */
export async function readMediaUnits(
  path: string,
  options: { framesPerSecond?: number } = {},
): Promise<MediaUnits> {
  const container = new FormatContext();
  const opened = await container.openInput(path, null, null);
  if (opened < 0) throw new Error(`cannot open ${path}: ${opened}`);
  try {
    await container.findStreamInfo(null);
    const stream = container.streams.find((each) => each.codecpar.codecType === AVMEDIA_TYPE_VIDEO);
    if (!stream) throw new Error(`${path} has no video`);
    const format = formatOf(stream.codecpar);
    const { num, den } = stream.timeBase;
    const units: AccessUnit[] = [];
    const packet = new Packet();
    packet.alloc();
    let first: number | undefined;
    while ((await container.readFrame(packet)) >= 0) {
      if (packet.streamIndex === stream.index && packet.data) {
        const index = units.length;
        const time =
          packet.pts === AV_NOPTS_VALUE
            ? (index * 1e6) / (options.framesPerSecond ?? 25)
            : (Number(packet.pts) * num * 1e6) / den;
        first ??= time;
        units.push({
          index,
          data: Uint8Array.from(packet.data),
          pts: micros(time - first),
          isKeyframe: packet.isKeyframe,
          received: millis(index),
        });
      }
      packet.unref();
    }
    packet.free();
    return { format, units };
  } finally {
    await container.closeInput();
  }
}
