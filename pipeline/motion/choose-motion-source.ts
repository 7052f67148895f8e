import type { MotionSourceName } from '../../client-sdk/protocol/messages.ts';
import { MediaError } from '../errors.ts';
import type { VideoCodec, VideoFormat } from '../types.ts';

/** Codecs whose libavcodec decoder exports motion vectors. */
const CODECS_WITH_VECTORS: readonly VideoCodec[] = ['h264', 'mpeg4', 'mpeg2', 'mpeg1', 'h263'];

/**
 * Where the motion of a stream comes from. `auto` takes the bitstream's own vectors only where each of them is known
 * to point one picture back: one reference picture and no reordering; what the stream does not tell counts as no.
 * Throws a `MediaError` where `bitstream` is demanded of a codec without vectors.
 */
export function chooseMotionSource(
  choice: 'auto' | MotionSourceName,
  format: Pick<VideoFormat, 'codec' | 'referencePictures' | 'hasReordering'>,
): MotionSourceName {
  if (choice === 'reencode') return 'reencode';
  const hasVectors = CODECS_WITH_VECTORS.includes(format.codec);
  if (choice === 'auto') {
    const isOneBack = format.referencePictures === 1 && format.hasReordering === false;
    return hasVectors && isOneBack ? 'bitstream' : 'reencode';
  }
  if (hasVectors) return 'bitstream';
  throw new MediaError(
    'unsupported-codec',
    `motion "bitstream" takes ${CODECS_WITH_VECTORS.join(', ')}, whose decoders export vectors; got ${format.codec}`,
  );
}
