import type { MotionSourceName } from '../../client-sdk/protocol/messages.ts';
import type { Micros } from '../../client-sdk/protocol/units.ts';
import type { Picture, Provenance } from '../types.ts';
import type { BlockField } from './block-field.ts';

/** Motion from the clip's previous step, or its keyframe, to the picture shown at `pts`. */
export interface MotionStep extends Provenance {
  readonly field: BlockField;
  /** The clip has no other picture between `pts` and this time; equal to `pts` where nothing later is known yet. */
  readonly nextPts: Micros;
}

/**
 * Where the motion of a clip comes from. One instance serves one stream; `begin` starts every clip anew, so that a
 * clip's fields depend on its own pictures only. Calls do not overlap.
 */
export interface MotionSource extends AsyncDisposable {
  readonly name: MotionSourceName;
  /** Starts a clip at its keyframe, which it borrows. */
  begin(keyframe: Picture): Promise<void>;
  /** Takes the clip's next picture in presentation order, which it borrows; gives the steps that this completes. */
  push(picture: Picture): Promise<readonly MotionStep[]>;
  /** Gives the steps that were held back; the clip has no picture at or after `endPts`. */
  end(endPts: Micros): Promise<readonly MotionStep[]>;
}
