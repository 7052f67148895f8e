import type { Micros } from '../../client-sdk/protocol/units.ts';
import { type BlockField, blankLike } from './block-field.ts';
import { tickPts } from './clip-clock.ts';
import { composeFields } from './compose.ts';
import { type GridField, type GridSize, stillField, toGridField } from './field-grid.ts';
import type { MotionStep } from './motion-source.ts';

/** Motion over one step of the pack's clock. */
export interface SampledField extends GridField {
  /** Counts the clip's fields from 0: the field spans tick `index` to tick `index + 1`. */
  readonly index: number;
}

export interface FieldSamplerOptions extends GridSize {
  readonly fieldsPerSecond: number;
  /** Time of tick 0. */
  readonly keyframePts: Micros;
}

/**
 * Brings the motion of one clip to the pack's clock and grid. Field k is the displacement between the last pictures
 * at or before ticks k and k + 1; without a new picture between them it is a valid field of zeros.
 */
export class FieldSampler {
  readonly #options: FieldSamplerOptions;
  #index = 0;
  // Motion since the last picture at or before the open field's first tick.
  #motion: BlockField | undefined;
  // What composed motion is written to in turn.
  #composed: readonly [BlockField, BlockField] | undefined;

  constructor(options: FieldSamplerOptions) {
    this.#options = options;
  }

  /** Takes the clip's next step; gives the fields that it completes. */
  push(step: Pick<MotionStep, 'pts' | 'nextPts' | 'field'>): readonly SampledField[] {
    const fields = this.#completeBefore(step.pts);
    this.#append(step.field);
    // A picture at the very tick is the last one at or before it.
    if (step.pts === this.#endTick()) fields.push(this.#complete());
    fields.push(...this.#completeBefore(step.nextPts));
    return fields;
  }

  /** Gives the fields whose last tick comes before `endPts`; the clip has no picture at or after it. */
  end(endPts: Micros): readonly SampledField[] {
    return this.#completeBefore(endPts);
  }

  #append(field: BlockField): void {
    if (!this.#motion) {
      this.#motion = field;
      return;
    }
    this.#composed ??= [blankLike(field), blankLike(field)];
    const [one, other] = this.#composed;
    this.#motion = composeFields(field, this.#motion, this.#motion === one ? other : one);
  }

  #completeBefore(pts: Micros): SampledField[] {
    const fields: SampledField[] = [];
    while (this.#endTick() < pts) fields.push(this.#complete());
    return fields;
  }

  #endTick(): Micros {
    return tickPts(this.#options, this.#index + 1);
  }

  #complete(): SampledField {
    const grid = this.#motion ? toGridField(this.#motion, this.#options) : stillField(this.#options);
    this.#motion = undefined;
    return { index: this.#index++, ...grid };
  }
}
