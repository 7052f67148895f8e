import { MediaError } from '../errors.ts';
import type { VideoCodec } from '../types.ts';
import type { BitstreamReader } from './bitstream-reader.ts';
import type { CodedTrack } from './coded-unit.ts';
import { FrameHeaderReader } from './frame-header-reader.ts';
import { H264Boundaries } from './h264-boundaries.ts';
import { H264Reader } from './h264-reader.ts';
import { HevcBoundaries, HevcReader } from './hevc-reader.ts';
import { Mpeg2Boundaries, Mpeg2Reader } from './mpeg2-reader.ts';
import { Mpeg4Boundaries, Mpeg4Reader } from './mpeg4-reader.ts';
import type { PictureBoundaries } from './start-code-splitter.ts';

/** Opens the reader of a track's codec. */
export function openBitstreamReader(track: CodedTrack): BitstreamReader {
  switch (track.codec) {
    case 'h264':
      return new H264Reader(track.extradata);
    case 'mpeg4':
      return new Mpeg4Reader(track.extradata);
    case 'mpeg1':
    case 'mpeg2':
      return new Mpeg2Reader(track.extradata);
    case 'vp8':
    case 'vp9':
    case 'av1':
      return new FrameHeaderReader(track, track.codec);
    case 'hevc':
      return new HevcReader(track.extradata);
    default:
      throw new MediaError('unsupported-codec', `${track.codec} is not supported`);
  }
}

/** Opens what splits an elementary stream of a codec into units. */
export function openBoundaries(codec: VideoCodec): PictureBoundaries {
  switch (codec) {
    case 'h264':
      return new H264Boundaries();
    case 'mpeg4':
      return new Mpeg4Boundaries();
    case 'mpeg1':
    case 'mpeg2':
      return new Mpeg2Boundaries();
    case 'hevc':
      return new HevcBoundaries();
    default:
      throw new MediaError('unsupported-codec', `${codec} does not come as an elementary stream`);
  }
}
