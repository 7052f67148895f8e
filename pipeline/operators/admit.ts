import { Observable, type Subscriber } from 'rxjs';
import type { GapReason } from '../../client-sdk/protocol/messages.ts';
import { type Micros, micros } from '../../client-sdk/protocol/units.ts';
import { assertNever } from '../errors.ts';
import type { AccessUnit, AdmittedEvent, DemuxEvent } from '../types.ts';
import type { AdmissionWindow } from './admission-window.ts';

export interface AdmitOptions {
  readonly delivery: 'complete' | 'live';
  readonly window: AdmissionWindow;
  /** Media time that one motion message stands for at most; the window holds at least two of them. */
  readonly chunkDuration: Micros;
  /** Told of every unit that is not admitted. */
  readonly onDropped?: ((units: number) => void) | undefined;
  /** Told of every unit of the source. */
  readonly onUnit?: ((unit: AccessUnit) => void) | undefined;
}

/** Units that a decoder may hold back for reordering (ITU-T H.264 A.3.1: at most 16 frames). */
const REORDERING_UNITS = 16;

/**
 * The border between the pulled source and the pushed pipeline, and the one place that gives way: with `complete`
 * delivery it stops reading while the window is full; with `live` delivery it always reads and, while the window is
 * full, drops up to the newest keyframe and says so by a gap. It also marks the units that depend on a missing one.
 */
export function admit(source: AsyncIterable<DemuxEvent>, options: AdmitOptions): Observable<AdmittedEvent> {
  return new Observable((subscriber) => {
    const gate = new Gate(options, subscriber);
    const iterator = source[Symbol.asyncIterator]();
    const pump = async (): Promise<void> => {
      for (let step = await iterator.next(); !step.done; step = await iterator.next()) {
        if (subscriber.closed) return;
        await gate.take(step.value);
        if (subscriber.closed) return;
      }
      gate.end();
      subscriber.complete();
    };
    pump().catch((error: unknown) => subscriber.error(error));
    // A source that fails while it is being abandoned has nobody left to tell.
    return () => void iterator.return?.().catch(() => undefined);
  });
}

/** Decides for each event of one source whether it passes. */
class Gate {
  readonly #options: AdmitOptions;
  readonly #subscriber: Subscriber<AdmittedEvent>;
  // Presentation time at which the next unit is expected.
  #expected = micros(0);
  // Smallest distance of two units, the best guess of a picture's duration.
  #unitDuration: Micros | undefined;
  #lastPts: Micros | undefined;
  // Set while units are dropped up to the next keyframe.
  #dropping: { reason: GapReason; units: number; from: Micros } | undefined = {
    reason: 'no-keyframe',
    units: 0,
    from: micros(0),
  };
  #isDegraded = false;
  // Units shown before this time lead the keyframe that ended a degradation, and refer to what came before it.
  #cleanFrom = micros(0);

  constructor(options: AdmitOptions, subscriber: Subscriber<AdmittedEvent>) {
    this.#options = options;
    this.#subscriber = subscriber;
  }

  async take(event: DemuxEvent): Promise<void> {
    switch (event.type) {
      case 'unit':
        this.#options.onUnit?.(event.unit);
        if (this.#options.delivery === 'complete') await this.#options.window.room();
        return this.#takeUnit(event.unit);
      case 'loss':
        this.#isDegraded = true;
        if (this.#dropping) this.#dropping.units += event.dropped;
        else this.#subscriber.next({ type: 'loss', dropped: event.dropped });
        return;
      case 'discontinuity':
        if (this.#dropping) return;
        this.#subscriber.next({
          type: 'gap',
          from: this.#expected,
          to: this.#expected,
          reason: 'discontinuity',
          dropped: 0,
        });
        return;
      case 'format':
        this.#subscriber.next(event);
        return;
      default:
        assertNever(event);
    }
  }

  /** Reports what was dropped and never followed by a keyframe. */
  end(): void {
    if (this.#dropping && this.#dropping.units > 0) this.#reportDropped(this.#expected);
  }

  #takeUnit(unit: AccessUnit): void {
    const { window } = this.#options;
    this.#measure(unit);
    if (!window.hasRoom && !this.#dropping) {
      this.#dropping = { reason: 'overload', units: 0, from: this.#expected };
    }
    if (this.#dropping) {
      if (!unit.isKeyframe || !window.hasRoom) {
        this.#dropping.units += 1;
        this.#options.onDropped?.(1);
        this.#expect(unit);
        return;
      }
      if (this.#dropping.units > 0) this.#reportDropped(unit.pts);
      this.#dropping = undefined;
    }
    if (unit.isKeyframe && this.#isDegraded) {
      this.#isDegraded = false;
      this.#cleanFrom = unit.pts;
    }
    window.take(unit);
    this.#expect(unit);
    const isDegraded = this.#isDegraded || unit.pts < this.#cleanFrom;
    this.#subscriber.next({ type: 'unit', unit: isDegraded ? { ...unit, isDegraded } : unit });
  }

  #reportDropped(to: Micros): void {
    if (!this.#dropping) return;
    const { from, reason, units } = this.#dropping;
    this.#subscriber.next({ type: 'gap', from: micros(Math.min(from, to)), to, reason, dropped: units });
  }

  #expect(unit: AccessUnit): void {
    this.#expected = micros(Math.max(this.#expected, unit.pts + (this.#unitDuration ?? 0)));
  }

  #measure(unit: AccessUnit): void {
    const distance = this.#lastPts === undefined ? 0 : Math.abs(unit.pts - this.#lastPts);
    this.#lastPts = unit.pts;
    if (distance <= 0 || distance >= (this.#unitDuration ?? Number.POSITIVE_INFINITY)) return;
    this.#unitDuration = micros(distance);
    this.#options.window.ensureUnits(
      2 * Math.ceil(this.#options.chunkDuration / distance) + REORDERING_UNITS,
    );
  }
}
