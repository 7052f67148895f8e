import type { Millis } from '../../client-sdk/protocol/units.ts';
import type { VideoCodec } from '../types.ts';

/** A coded picture as its container gave it; the receiver owns the bytes. */
export interface CodedUnit {
  readonly data: Uint8Array;
  /** When its last byte had arrived. */
  readonly received: Millis;
  /** When it was captured, on the sender's clock, where the sender tells. */
  readonly captured?: Millis | undefined;
  /** Presentation and decoding time on the source's clock, µs, unwrapped, not rounded. */
  readonly ptsMicros?: number | undefined;
  readonly dtsMicros?: number | undefined;
  /** Whether the container calls it a keyframe. */
  readonly isMarkedKeyframe?: boolean | undefined;
}

/** What a container says of a video track. */
export interface CodedTrack {
  readonly codec: VideoCodec;
  /** Decoder configuration, where the container carries it. */
  readonly extradata?: Uint8Array | undefined;
  readonly widthPx?: number | undefined;
  readonly heightPx?: number | undefined;
  readonly framesPerSecond?: number | undefined;
  /** Whether its units carry times; else they are derived from the order of presentation. */
  readonly isTimed: boolean;
}

/** Where a container parser puts what it finds. */
export interface CodedSink {
  /** The units that follow belong to this track. */
  track(track: CodedTrack): void;
  unit(unit: CodedUnit): void;
  /** At this place at least `dropped` units are missing. */
  lose(dropped: number): void;
}

/** A container parser: bytes go in as they come, in pieces of any size; throws a `MediaError` where there can be no video. */
export interface ContainerParser {
  push(bytes: Uint8Array, received: Millis): void;
  /** The input has ended: gives what waits. */
  end(): void;
}
