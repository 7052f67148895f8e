import type { Micros } from '../../client-sdk/protocol/units.ts';
import type { AccessUnit } from '../types.ts';

/**
 * Follows, in decoding order, whose pictures may show the traces of a unit that could not be decoded. The decoder
 * conceals such damage without a word, and every picture up to the next keyframe may refer to it.
 */
export class DamageTracker {
  #isDamaged = false;
  // Leading pictures of an open GOP come after its keyframe and still refer to what was before it.
  #leadingBefore: Micros | undefined;

  /** Takes the next unit in decoding order; tells whether its picture may be damaged. */
  enter(unit: Pick<AccessUnit, 'isKeyframe' | 'isDegraded' | 'pts'>): boolean {
    if (unit.isKeyframe) {
      this.#leadingBefore = this.#isDamaged ? unit.pts : undefined;
      this.#isDamaged = false;
    }
    const isLeading = this.#leadingBefore !== undefined && unit.pts < this.#leadingBefore;
    return this.#isDamaged || isLeading || unit.isDegraded === true;
  }

  /** Notes that the newest unit was refused or its picture concealed. */
  damage(): void {
    this.#isDamaged = true;
  }
}
