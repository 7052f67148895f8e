import { type Micros, micros } from '../../client-sdk/protocol/units.ts';

/** The pack's clock within one clip, which begins at the keyframe. */
export interface ClipClock {
  readonly keyframePts: Micros;
  readonly fieldsPerSecond: number;
}

/** Time of tick `k`; the keyframe is tick 0. Computed from the keyframe, so that no rounding adds up. */
export const tickPts = (clock: ClipClock, k: number): Micros =>
  micros(clock.keyframePts + (k * 1e6) / clock.fieldsPerSecond);
