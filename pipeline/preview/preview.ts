import type { Observable } from 'rxjs';
import type { JournalMessage } from '../../client-sdk/protocol/messages.ts';
import type { PreviewMotion } from '../../client-sdk/protocol/preview-frame.ts';
import type { Micros } from '../../client-sdk/protocol/units.ts';
import type { PictureSize } from '../codec/rgb-to-yuv.ts';
import type { VideoCodec, VideoUnit } from '../codec/video-encoder.ts';

/** One reconstructed picture; its size is that at which it is to be shown, px. */
export interface ShownPicture extends PictureSize {
  readonly pts: Micros;
  /** uint8 [height, width, 3], RGB, at the pack's size; nobody may change it. */
  readonly rgb: Uint8Array;
  /** The field that led to the picture; absent at a keyframe and in a still stretch. */
  readonly motion?: PreviewMotion | undefined;
}

/** One reconstructed picture as JPEG. */
export interface PreviewPicture extends Omit<ShownPicture, 'rgb'> {
  readonly jpeg: Uint8Array;
}

/** One picture of the reconstruction as video. */
export interface PreviewUnit extends VideoUnit {
  /** Counts the units from 0 since somebody has begun to watch; each is decoded with the one before, or is a keyframe. */
  readonly index: number;
  /** On a clock of the video's own that increases from unit to unit in steps of media time, µs. */
  readonly timestampUs: number;
}

/** What a video has come to since the preview was opened. */
export interface PreviewVideoCounts {
  /** Whether somebody subscribes, so that pictures are coded. */
  readonly isRunning: boolean;
  readonly units: number;
  readonly keyframes: number;
  /** Keyframes that were asked for; several requests may be answered by one. */
  readonly keyframeRequests: number;
  /** Pictures that were not coded because the one before took too long. */
  readonly dropped: number;
  readonly bytes: number;
}

/** The reconstruction as video in one codec: coded once for everybody, and only while somebody subscribes. */
export interface PreviewVideo {
  /**
   * Units from a keyframe on; hot, so that whoever comes later waits for the next keyframe. The newest picture is coded
   * at once, and again at a low rate while no other comes. Completes when the preview is disposed of.
   */
  readonly units$: Observable<PreviewUnit>;
  readonly counts: PreviewVideoCounts;
  /** Asks for a keyframe: at once, or where the last one is recent, a moment later. */
  requestKeyframe(): void;
}

/** The reconstruction of one stream, made from its messages alone. */
export interface Preview extends AsyncDisposable {
  /** Takes the stream's next message. Never waits: under overload pictures are dropped and counted. */
  push(message: JournalMessage): void;
  /** JPEGs, the newest picture's first; coded while somebody subscribes. Completes when the preview is disposed of. */
  readonly pictures$: Observable<PreviewPicture>;
  /** The same pictures as video. */
  video(codec: VideoCodec): PreviewVideo;
  /** The picture that is to be seen now. */
  readonly latest: ShownPicture | undefined;
  /** Pictures that were not made because there was no time. */
  readonly dropped: number;
  /** Pictures that were made. */
  readonly made: number;
}

/** Makes previews; holds what all of them share. */
export interface PreviewFactory extends AsyncDisposable {
  open(stream: string): Preview;
}
