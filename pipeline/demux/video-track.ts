import type { DemuxEvent, VideoFormat } from '../types.ts';
import type { BitstreamReader, PictureFacts } from './bitstream-reader.ts';
import type { CodedSink, CodedTrack, CodedUnit } from './coded-unit.ts';
import { openBitstreamReader } from './open-bitstream-reader.ts';
import { PresentationClock, type UntimedItem } from './presentation-clock.ts';
import { Timeline } from './timeline.ts';

/**
 * What every container's units go through: their bytes are read, their times brought to the stream's clock, and what is missing
 * is reported. Gives events in decoding order.
 */
export class VideoTrack implements CodedSink {
  readonly #emit: (event: DemuxEvent) => void;
  readonly #framesPerSecond: number | undefined;
  readonly #timeline = new Timeline();
  #reader: BitstreamReader | undefined;
  #clock: PresentationClock | undefined;
  #track: CodedTrack | undefined;
  /** The format that the reader gave last, and the same with what only the container knows. */
  #read: VideoFormat | undefined;
  #format: VideoFormat | undefined;
  #announced: VideoFormat | undefined;
  #units = 0;
  /** Units that could not be read before the first that could. */
  #unusable = 0;

  /** `framesPerSecond` is the rate of untimed streams that declare none. */
  constructor(options: { framesPerSecond?: number | undefined; emit: (event: DemuxEvent) => void }) {
    this.#emit = options.emit;
    this.#framesPerSecond = options.framesPerSecond;
  }

  /** Units given so far. */
  get units(): number {
    return this.#units;
  }

  track(track: CodedTrack): void {
    this.#track = track;
    this.#reader = openBitstreamReader(track);
    this.#clock?.end();
    this.#clock = track.isTimed ? undefined : new PresentationClock((item) => this.#deliver(item));
  }

  /** The input has ended: gives what waits. */
  end(): void {
    this.#clock?.end();
  }

  /** The units that follow come from another source, whose clock has nothing to do with the one before. */
  restart(): void {
    this.#timeline.restart();
    this.#reader?.resume();
  }

  lose(dropped: number): void {
    this.#reader?.resume();
    this.#send({ type: 'loss', dropped });
  }

  unit(unit: CodedUnit): void {
    const facts = this.#reader?.read(unit.data, unit.isMarkedKeyframe ?? false) ?? { type: 'empty' };
    if (facts.type === 'empty') return;
    if (facts.type === 'unusable') this.#skip();
    else {
      const { framesPerSecond, hasReordering = true } = facts.format;
      this.#send({
        type: 'picture',
        unit,
        facts,
        framesPerSecond: framesPerSecond ?? this.#framesPerSecond,
        mayReorder: hasReordering,
      });
    }
  }

  /** By way of the clock, where the container has none. */
  #send(item: UntimedItem): void {
    if (this.#clock) this.#clock.push(item);
    else this.#deliver(item);
  }

  #deliver(item: UntimedItem): void {
    if (item.type === 'loss') this.#emit(item);
    else this.#place(item.unit, item.facts);
  }

  #place(unit: CodedUnit, facts: PictureFacts): void {
    const format = this.#complete(facts.format);
    const place = this.#timeline.place(unit, {
      framesPerSecond: format.framesPerSecond,
      mayReorder: format.hasReordering ?? true,
    });
    if (place.type === 'leading') return;
    if (place.isJump) this.#emit({ type: 'discontinuity' });
    if (this.#unusable > 0) this.#emit({ type: 'loss', dropped: this.#unusable });
    this.#unusable = 0;
    if (facts.missing > 0) this.#emit({ type: 'loss', dropped: facts.missing });
    this.#announce(format, facts.isKeyframe);
    this.#emit({
      type: 'unit',
      unit: {
        index: this.#units,
        data: unit.data,
        pts: place.pts,
        isKeyframe: facts.isKeyframe,
        received: unit.received,
        captured: unit.captured,
      },
    });
    this.#units += 1;
  }

  #complete(format: VideoFormat): VideoFormat {
    if (this.#format && this.#read === format) return this.#format;
    this.#read = format;
    this.#format = {
      ...format,
      widthPx: format.widthPx ?? this.#track?.widthPx,
      heightPx: format.heightPx ?? this.#track?.heightPx,
      framesPerSecond:
        format.framesPerSecond ?? this.#track?.framesPerSecond ?? (this.#clock && this.#framesPerSecond),
    };
    return this.#format;
  }

  #skip(): void {
    if (this.#announced) this.lose(1);
    else this.#unusable += 1;
  }

  #announce(format: VideoFormat, isKeyframe: boolean): void {
    if (format === this.#announced || (this.#announced && !isKeyframe)) return;
    this.#announced = format;
    this.#emit({ type: 'format', format });
  }
}
