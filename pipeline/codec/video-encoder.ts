import type { PictureSize } from './rgb-to-yuv.ts';

export const VIDEO_CODECS = ['h264', 'vp8'] as const;
/** Codecs that pictures can be coded in as they come. */
export type VideoCodec = (typeof VIDEO_CODECS)[number];

export interface VideoEncoderOptions {
  readonly codec: VideoCodec;
  readonly source: PictureSize;
  /** Size that pictures are brought to, even. */
  readonly target: PictureSize;
  /** Pictures a second that the rate control expects. */
  readonly framesPerSecond: number;
}

/** One picture of a video. */
export interface VideoUnit {
  /**
   * H.264: an access unit in Annex B form, constrained baseline, one reference, one slice; a keyframe is an IDR with
   * its parameter sets. VP8: a frame (RFC 6386). Nobody may change the bytes.
   */
  readonly data: Uint8Array;
  readonly isKeyframe: boolean;
}

/** What is asked of one picture. */
export interface VideoPicture {
  /** uint8 [height, width, 3], RGB, full range; borrowed. */
  readonly rgb: Uint8Array;
  /** Increases from picture to picture, µs. */
  readonly timestampUs: number;
  /** The unit is to be decodable by itself; the first one always is. */
  readonly isKeyframe: boolean;
}

/** Codes pictures as video without delay, off the calling thread. Each picture gives its unit at once. */
export interface VideoEncoder extends Disposable {
  /** Codes the next picture; calls must not overlap, and it is disposed of between them. */
  encode(picture: VideoPicture): Promise<VideoUnit>;
}

/** Opens an encoder. Rejects with a `NativeError`. */
export type OpenVideoEncoder = (options: VideoEncoderOptions) => Promise<VideoEncoder>;
