import type { VideoFormat } from '../types.ts';

/** Where a picture stands in presentation, for streams without times. */
export type PictureOrder =
  /** `rank` counts pictures, times the stream's own step, within a `period`, which the next period follows. */
  | {
      readonly type: 'rank';
      readonly period: number;
      readonly rank: number;
      readonly step: number | undefined;
    }
  /** The stream states the time, µs on its own clock. */
  | { readonly type: 'time'; readonly timeMicros: number };

/** What the coded bytes of a picture tell. */
export interface PictureFacts {
  readonly type: 'picture';
  readonly isKeyframe: boolean;
  /** In force for this unit; the same object until it changes. */
  readonly format: VideoFormat;
  /** Pictures missing before this one that it may depend on. */
  readonly missing: number;
  readonly order: PictureOrder;
}

/** What the coded bytes of a unit tell. */
export type UnitFacts =
  | PictureFacts
  /** The unit has no picture of its own and nothing is lost without it. */
  | { readonly type: 'empty' }
  /** A picture that cannot be decoded: damaged, or its parameter sets are not there. */
  | { readonly type: 'unusable' };

/** Reads the units of one coded stream in decoding order. */
export interface BitstreamReader {
  /** Borrows the unit. `isMarkedKeyframe` is what the container says. */
  read(unit: Uint8Array, isMarkedKeyframe: boolean): UnitFacts;
  /** Units are missing here and that is known: the next one is taken as it comes. */
  resume(): void;
}
