import type { AccessUnit, Picture, VideoFormat } from '../types.ts';

/** What sending a unit to a decoder gave: pictures in presentation order, and the fault if the unit was refused. */
export interface DecodeResult {
  readonly pictures: readonly Picture[];
  /** Why the unit could not be decoded; the decoder takes further units. */
  readonly fault?: Error | undefined;
}

/** A video decoder that exports motion vectors where the codec has them. Calls do not overlap. */
export interface VideoDecoder extends AsyncDisposable {
  /** Sends one unit, which it borrows until the promise settles. The caller owns the pictures. */
  decode(unit: AccessUnit): Promise<DecodeResult>;
  /** Gives the pictures still held back for reordering; the decoder then takes a keyframe or is disposed of. */
  flush(): Promise<readonly Picture[]>;
}

/** Opens a decoder for a format. Rejects with a `MediaError` where there is none. */
export type OpenDecoder = (format: VideoFormat) => Promise<VideoDecoder>;
