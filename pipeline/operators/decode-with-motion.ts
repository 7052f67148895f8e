import { defer, type OperatorFunction } from 'rxjs';
import { type Micros, micros } from '../../client-sdk/protocol/units.ts';
import type { OpenDecoder, VideoDecoder } from '../codec/decoder.ts';
import { assertNever, MediaError } from '../errors.ts';
import type { Scope } from '../lifetime.ts';
import { chooseMotionSource } from '../motion/choose-motion-source.ts';
import type { AccessUnit, AdmittedEvent, Gap, Picture, PictureEvent, VideoFormat } from '../types.ts';
import type { AdmissionWindow } from './admission-window.ts';
import { concatMapOwned } from './concat-map-owned.ts';
import type { PictureBudget } from './picture-budget.ts';

export interface DecodeWithMotionOptions {
  readonly openDecoder: OpenDecoder;
  readonly motion: 'auto' | 'bitstream' | 'reencode';
  /** Largest picture, px. */
  readonly maxPixels: number;
  readonly window: AdmissionWindow;
  readonly budget: PictureBudget;
  /** Told of the work per second once it is known; throws to refuse it. */
  readonly reserve?: ((load: { pixelsPerSecond: number }) => void) | undefined;
  /** Borrows each picture for the time of the call. */
  readonly onPicture?: ((picture: Picture) => void) | undefined;
  readonly onFault?: ((fault: Error) => void) | undefined;
  /** Waits for the decoder's release. */
  readonly scope: Scope;
}

/** Smallest picture edge that the codecs and the motion grid make sense of, px: one macroblock. */
const MIN_EDGE_PX = 16;

/**
 * Decodes units to pictures with their motion vectors, in presentation order, opening a decoder anew for each format
 * so that nothing of an earlier one is left. Places the gaps of lost units where the pictures are missing.
 */
export function decodeWithMotion(
  options: DecodeWithMotionOptions,
): OperatorFunction<AdmittedEvent, PictureEvent> {
  return (source) =>
    defer(() => {
      const stage = new DecodeStage(options);
      const released = options.scope.hold();
      return source.pipe(
        concatMapOwned((event) => stage.handle(event), {
          flush: () => stage.drain(),
          close: () => released(stage.close()),
        }),
      );
    });
}

class DecodeStage {
  readonly #options: DecodeWithMotionOptions;
  readonly #placer = new LossPlacer();
  #decoder: VideoDecoder | undefined;
  #format: VideoFormat | undefined;
  // Pictures before this time lie in a gap that has been reported: leading pictures without their references.
  #floor = micros(0);
  // A unit was refused; what follows depends on it until the next keyframe.
  #isDegraded = false;
  #reserved = 0;

  constructor(options: DecodeWithMotionOptions) {
    this.#options = options;
  }

  async *handle(event: AdmittedEvent): AsyncGenerator<PictureEvent> {
    switch (event.type) {
      case 'format':
        return yield* this.#open(event.format);
      case 'unit':
        return yield* this.#decode(event.unit);
      case 'loss':
        return this.#placer.expect({ reason: 'loss', dropped: event.dropped });
      case 'gap':
        yield* this.drain();
        if (event.reason !== 'discontinuity') this.#floor = event.to;
        this.#placer.restart();
        yield event;
        return;
      default:
        assertNever(event);
    }
  }

  /** Gives the pictures that the decoder holds back. */
  async *drain(): AsyncGenerator<PictureEvent> {
    if (this.#decoder) yield* this.#hand(await this.#decoder.flush());
  }

  async close(): Promise<void> {
    await this.#decoder?.[Symbol.asyncDispose]();
  }

  async *#open(format: VideoFormat): AsyncGenerator<PictureEvent> {
    const motionSource = chooseMotionSource(this.#options.motion, format);
    if (format.widthPx && format.heightPx) this.#checkSize(format.widthPx, format.heightPx);
    yield* this.drain();
    await this.#decoder?.[Symbol.asyncDispose]();
    this.#decoder = undefined;
    this.#decoder = await this.#options.openDecoder(format);
    this.#format = format;
    yield { type: 'format', format, motionSource };
  }

  async *#decode(unit: AccessUnit): AsyncGenerator<PictureEvent> {
    if (!this.#decoder) throw new MediaError('damaged-media', 'a coded picture came before its format');
    await this.#options.budget.room();
    if (unit.isKeyframe) this.#isDegraded = false;
    const isDegraded = unit.isDegraded || this.#isDegraded;
    const { pictures, fault } = await this.#decoder.decode(isDegraded ? { ...unit, isDegraded } : unit);
    this.#options.window.decoded(unit.index);
    yield* this.#hand(pictures);
    if (!fault) return;
    this.#options.window.lost(unit.index);
    this.#options.onFault?.(fault);
    this.#isDegraded = true;
    this.#placer.expect({ reason: 'decode', dropped: 1 });
  }

  *#hand(pictures: readonly Picture[]): Generator<PictureEvent> {
    for (const picture of pictures) {
      if (picture.pts < this.#floor) {
        picture[Symbol.dispose]();
        continue;
      }
      try {
        this.#checkSize(picture.size.widthPx, picture.size.heightPx);
        const gap = this.#placer.place(picture);
        if (gap) yield gap;
        this.#reserve(picture);
      } catch (error) {
        picture[Symbol.dispose]();
        throw error;
      }
      this.#options.budget.take();
      this.#options.onPicture?.(picture);
      yield { type: 'picture', picture };
    }
  }

  #checkSize(widthPx: number, heightPx: number): void {
    const { maxPixels } = this.#options;
    if (widthPx < MIN_EDGE_PX || heightPx < MIN_EDGE_PX) {
      throw new MediaError('picture-size', `a picture must be at least 16×16 px, got ${widthPx}×${heightPx}`);
    }
    if (widthPx * heightPx > maxPixels) {
      throw new MediaError(
        'picture-size',
        `a picture may have ${maxPixels} px, got ${widthPx}×${heightPx} = ${widthPx * heightPx}`,
      );
    }
  }

  #reserve(picture: Picture): void {
    const framesPerSecond = this.#format?.framesPerSecond ?? this.#placer.framesPerSecond;
    if (!framesPerSecond) return;
    const pixelsPerSecond = Math.round(picture.size.widthPx * picture.size.heightPx * framesPerSecond);
    if (pixelsPerSecond <= this.#reserved) return;
    this.#reserved = pixelsPerSecond;
    this.#options.reserve?.({ pixelsPerSecond });
  }
}

/** Finds the place of a lost unit in presentation order: the first hole between pictures after the loss was seen. */
class LossPlacer {
  #pending: Pick<Gap, 'reason' | 'dropped'> | undefined;
  #lastPts: Micros | undefined;
  // Smallest distance of two pictures so far.
  #step: number | undefined;
  #firstPts: Micros | undefined;
  #pictures = 0;

  /** Mean rate; known once a second of media has passed. */
  get framesPerSecond(): number | undefined {
    const elapsed = (this.#lastPts ?? 0) - (this.#firstPts ?? 0);
    return elapsed < 1e6 ? undefined : ((this.#pictures - 1) * 1e6) / elapsed;
  }

  expect(loss: Pick<Gap, 'reason' | 'dropped'>): void {
    this.#pending = this.#pending
      ? { reason: this.#pending.reason, dropped: this.#pending.dropped + loss.dropped }
      : loss;
  }

  /** Forgets a loss that a reported gap covers already. */
  restart(): void {
    this.#pending = undefined;
  }

  /** The gap that ends at this picture, if it is there that pictures are missing. */
  place(picture: Picture): Gap | undefined {
    const lastPts = this.#lastPts;
    this.#lastPts = picture.pts;
    this.#firstPts ??= picture.pts;
    this.#pictures += 1;
    if (lastPts === undefined) return undefined;
    const distance = picture.pts - lastPts;
    if (distance > 0 && distance < (this.#step ?? Number.POSITIVE_INFINITY)) this.#step = distance;
    const step = this.#step ?? 0;
    // A clean keyframe ends the search: the missing picture was one that is not shown.
    const isHere = distance >= 1.5 * step || (picture.isKeyframe && !picture.isDegraded);
    if (!this.#pending || !isHere) return undefined;
    const { reason, dropped } = this.#pending;
    this.#pending = undefined;
    return {
      type: 'gap',
      from: micros(Math.min(lastPts + step, picture.pts)),
      to: picture.pts,
      reason,
      dropped,
    };
  }
}
