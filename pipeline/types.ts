/** What flows between the stages of the pipeline. Each stage's output is one discriminated union on `type`. */
import type { GapReason, MotionSourceName } from '../client-sdk/protocol/messages.ts';
import type { Micros, Millis } from '../client-sdk/protocol/units.ts';
import type { MotionStep } from './motion/motion-source.ts';

export const VIDEO_CODECS = [
  'h264',
  'mpeg4',
  'mpeg2',
  'mpeg1',
  'h263',
  'msmpeg4',
  'vp8',
  'vp9',
  'av1',
  'hevc',
] as const;
/** A video codec that the decoder takes. */
export type VideoCodec = (typeof VIDEO_CODECS)[number];

/** A coded video stream, as far as its container and parameter sets tell. */
export interface VideoFormat {
  readonly codec: VideoCodec;
  /** Decoder configuration from the container (avcC, hvcC, VOL, …), absent where it comes in band. */
  readonly extradata?: Uint8Array | undefined;
  /** Coded picture size, px. */
  readonly widthPx?: number | undefined;
  readonly heightPx?: number | undefined;
  /** Pictures a second, where the stream declares them. */
  readonly framesPerSecond?: number | undefined;
  /** Pictures that may be referred to by one picture; above 1 a vector may point several pictures back. */
  readonly referencePictures?: number | undefined;
  /** Whether pictures may leave the decoder in another order than they come. */
  readonly hasReordering?: boolean | undefined;
}

/** One coded picture as it arrived. */
export interface AccessUnit {
  /** Counts the units of an epoch from 0 in order of arrival. */
  readonly index: number;
  /** Payload in the form that the format's `extradata` says (Annex B without it). */
  readonly data: Uint8Array;
  /** Presentation time. */
  readonly pts: Micros;
  /** Whether decoding may begin here. */
  readonly isKeyframe: boolean;
  /** When the unit's last byte had arrived. */
  readonly received: Millis;
  /** When the picture was captured, where the sender tells; on the sender's clock, not the server's. */
  readonly captured?: Millis | undefined;
  /** Set by `admit`: an earlier unit is missing that this one may depend on. */
  readonly isDegraded?: boolean | undefined;
}

/** A stretch of media without tokens, `[from, to)`. */
export interface Gap {
  readonly type: 'gap';
  readonly from: Micros;
  readonly to: Micros;
  readonly reason: GapReason;
  /** Access units that gave no tokens, as far as known. */
  readonly dropped: number;
}

/** Output of `demux`: units in decoding order with what the container knows of missing ones. */
export type DemuxEvent =
  | { readonly type: 'format'; readonly format: VideoFormat }
  | { readonly type: 'unit'; readonly unit: AccessUnit }
  /** At this place one or more units are missing or unusable (`dropped` as far as known, at least 1). */
  | { readonly type: 'loss'; readonly dropped: number }
  /** The source's clock jumped; units after it continue on the stream's clock. */
  | { readonly type: 'discontinuity' };

/** Output of `admit`: units that fit the window, marked `isDegraded`, and gaps. */
export type AdmittedEvent =
  | { readonly type: 'format'; readonly format: VideoFormat }
  | { readonly type: 'unit'; readonly unit: AccessUnit }
  /** Units are missing at this place; where in presentation order shows only when pictures come out. */
  | { readonly type: 'loss'; readonly dropped: number }
  | Gap;

/** Picture size in px with the shape of a pixel (width over height). */
export interface PictureSize {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly sampleAspect: number;
}

/**
 * A decoded picture. Whoever receives it owns it and disposes of it; a borrower that keeps it clones it.
 * The pixels live in native memory behind the scaling calls.
 */
export interface Picture extends Disposable {
  readonly pts: Micros;
  readonly size: PictureSize;
  readonly kind: 'I' | 'P' | 'B';
  /** Decoding could have begun here. */
  readonly isKeyframe: boolean;
  readonly isDegraded: boolean;
  /** Index of the newest access unit that had been sent to the decoder when the picture came out. */
  readonly unitIndex: number;
  readonly received: Millis;
  /** When it was captured, on the sender's clock, where the sender tells. */
  readonly captured?: Millis | undefined;
  /** Motion vectors from the bitstream; absent where the codec exports none or the picture is intra. */
  readonly vectors: MotionVectors | undefined;
  clone(): Picture;
  /** Pixels squashed to a size: uint8 [height, width, 3], RGB, full range. */
  toRgb(size: { widthPx: number; heightPx: number }): Promise<Uint8Array>;
  /** Luma squashed to a size: uint8 [height, width]. */
  toLuma(size: { widthPx: number; heightPx: number }): Promise<Uint8Array>;
  /** Planar 4:2:0 squashed to a size: uint8, Y then U then V, without padding. */
  toYuv420(size: { widthPx: number; heightPx: number }): Promise<Uint8Array>;
}

/**
 * Motion vectors of one picture as FFmpeg exports them (libavutil/motion_vector.h), one record after another.
 * `records` is int32 [count, 10]: source, w, h, src_x, src_y, dst_x, dst_y, motion_x, motion_y, motion_scale.
 * `source` is -1 (past) or +1 (future), never a reference index; `dst` is the block's centre in px;
 * src = dst + motion / motion_scale.
 */
export interface MotionVectors {
  readonly count: number;
  readonly records: Int32Array;
}

/** Output of `decodeWithMotion`, in presentation order. */
export type PictureEvent =
  | { readonly type: 'format'; readonly format: VideoFormat; readonly motionSource: MotionSourceName }
  | { readonly type: 'picture'; readonly picture: Picture }
  | Gap;

/** What messages must remember of the pictures that they stand for. */
export interface Provenance {
  readonly pts: Micros;
  /** When the newest access unit that the item depends on had arrived. */
  readonly received: Millis;
  /** When the newest picture that the item stands for was captured, on the sender's clock, where the sender tells. */
  readonly captured?: Millis | undefined;
  /** Units up to this index are accounted for once the item is sequenced. */
  readonly unitIndex: number;
  readonly isDegraded: boolean;
}

/** A clip's first picture. */
export interface Keyframe extends Provenance {
  readonly type: 'keyframe';
  readonly clip: number;
  readonly shot: number;
  readonly kind: 'coded' | 'synthetic';
  /** uint8 [height, width, 3] RGB at the pack's size. */
  readonly pixels: Uint8Array;
}

/** The stream's properties changed; always just before a keyframe. */
export interface Announcement {
  readonly type: 'announcement';
  readonly format: VideoFormat;
  readonly size: PictureSize;
  readonly motionSource: MotionSourceName;
}

/** Output of `cutClips`. */
export type ClipEvent =
  | Announcement
  | Keyframe
  /** Motion from the clip's previous step (or keyframe) to the picture shown at `pts`. */
  | ({ readonly type: 'step'; readonly clip: number } & MotionStep)
  /** What the picture looks like that is shown from `tick` of the pack's clock on; before the fields that lead to it. */
  | { readonly type: 'look'; readonly clip: number; readonly tick: number; readonly luma: Uint8Array }
  /** The clip's last picture has been seen; nothing of the clip lies at or after `endPts`. */
  | {
      readonly type: 'clip-end';
      readonly clip: number;
      readonly endPts: Micros;
      readonly unitIndex: number;
      /** When the unit that showed the end had arrived. */
      readonly received: Millis;
    }
  | Gap;

/** The fields of a chunk. */
export interface ChunkFields {
  /** float32 [2, fieldsPerChunk, rows, columns]: dx as a fraction of width, dy of height; 0 where masked. */
  readonly motion: Float32Array;
  /** uint8 [fieldsPerChunk, rows, columns]: 1 where the cell carries a vector. */
  readonly mask: Uint8Array;
}

/** A run of consecutive motion fields of one clip. */
export interface Chunk extends Provenance, ChunkFields {
  readonly type: 'chunk';
  readonly clip: number;
  readonly chunk: number;
  /** Fields that are not padding. */
  readonly fields: number;
  readonly duration: Micros;
  /** No cell moves: it has no ids. */
  readonly isStill: boolean;
  /**
   * The fields of the chunk before, where the pack's motion has context: read only, for that chunk holds the same arrays.
   * Absent for the first chunk of a clip, after a still one, and for a still one itself.
   */
  readonly previous?: ChunkFields | undefined;
  /**
   * uint8 [fieldsPerChunk + 1, height, width]: luma of the pictures at the chunk's ticks, of the size that the pack asks
   * for, the last one repeated for padding; absent where it asks for none.
   */
  readonly luma?: Uint8Array | undefined;
}

/** Output of `toMotionFields`: what inference takes. */
export type TokenizableEvent = Announcement | Keyframe | Chunk | Gap;
