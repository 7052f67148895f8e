import { defer, type OperatorFunction } from 'rxjs';
import type { MotionSourceName } from '../../client-sdk/protocol/messages.ts';
import { type Micros, micros, millis } from '../../client-sdk/protocol/units.ts';
import { assert, assertNever } from '../errors.ts';
import type { Scope } from '../lifetime.ts';
import { CoverageTracker } from '../motion/coverage.ts';
import type { MotionSource, MotionStep } from '../motion/motion-source.ts';
import { type ShownPicture, ShownPictures } from '../motion/shown-pictures.ts';
import type { ClipEvent, Picture, PictureEvent, PictureSize, VideoFormat } from '../types.ts';
import type { ClipControl } from './clip-control.ts';
import { concatMapOwned } from './concat-map-owned.ts';
import type { PictureBudget } from './picture-budget.ts';
import { ShotDetector } from './shot-detector.ts';

export interface CutClipsOptions {
  /** Size that a keyframe's pixels are squashed to. */
  readonly keyframeSize: { readonly widthPx: number; readonly heightPx: number };
  /** Size of the looks that are emitted for each tick, px; none are emitted without it. */
  readonly lookSize?: { readonly widthPx: number; readonly heightPx: number } | undefined;
  readonly minDuration: Micros;
  readonly maxDuration: Micros;
  /** A pause longer than this ends the clip: what one chunk spans. */
  readonly maxPause: Micros;
  readonly fieldsPerSecond: number;
  readonly createMotionSource: (name: MotionSourceName) => MotionSource;
  readonly control: ClipControl;
  readonly budget: PictureBudget;
  /** Waits for the motion source's release. */
  readonly scope: Scope;
}

/** A picture becomes a keyframe when more than this share of it was not in the keyframe. */
const MAX_UNCOVERED_SHARE = 0.25;
/** Least distance between keyframes that the content asks for. */
const MIN_CONTENT_DISTANCE = micros(500_000);

/**
 * Splits the pictures into clips: a keyframe and the motion up to the next one. Keyframes are coded ones that come no
 * earlier than the least duration, and synthetic ones: scene cuts, the greatest duration, too much uncovered, the
 * first picture after a gap or a long pause, a change of size, and requests.
 */
export function cutClips(options: CutClipsOptions): OperatorFunction<PictureEvent, ClipEvent> {
  return (source) =>
    defer(() => {
      const cutter = new ClipCutter(options);
      const released = options.scope.hold();
      return source.pipe(
        concatMapOwned((event) => cutter.handle(event), {
          flush: () => cutter.finish(),
          close: () => released(cutter.close()),
        }),
      );
    });
}

/** The clip that is open, with all that must not outlive it. */
interface OpenClip {
  readonly index: number;
  readonly keyframePts: Micros;
  readonly size: PictureSize;
  readonly isDegraded: boolean;
  readonly coverage: CoverageTracker;
  readonly shown: ShownPictures<ClipEvent> | undefined;
  lastPts: Micros;
  uncoveredShare: number;
  unitIndex: number;
  received: Picture['received'];
}

class ClipCutter {
  readonly #options: CutClipsOptions;
  readonly #shots = new ShotDetector();
  #format: { format: VideoFormat; motionSource: MotionSourceName } | undefined;
  #motion: MotionSource | undefined;
  #announced: PictureSize | undefined;
  #clip: OpenClip | undefined;
  #clips = 0;
  #shot = 0;
  // A scene cut was seen too close to the keyframe to start a clip there.
  #isCutPending = false;

  constructor(options: CutClipsOptions) {
    this.#options = options;
  }

  async *handle(event: PictureEvent): AsyncGenerator<ClipEvent> {
    switch (event.type) {
      case 'format':
        yield* this.#endClip();
        await this.#motion?.[Symbol.asyncDispose]();
        this.#motion = this.#options.createMotionSource(event.motionSource);
        this.#format = event;
        this.#announced = undefined;
        return;
      case 'gap':
        yield* this.#endClip(event.from);
        yield event;
        return;
      case 'picture':
        try {
          using picture = event.picture;
          yield* this.#take(picture);
        } finally {
          this.#options.budget.release();
        }
        return;
      default:
        assertNever(event);
    }
  }

  async *finish(): AsyncGenerator<ClipEvent> {
    yield* this.#endClip();
  }

  async close(): Promise<void> {
    this.#shots[Symbol.dispose]();
    this.#clip?.shown?.[Symbol.dispose]();
    await this.#motion?.[Symbol.asyncDispose]();
  }

  async *#take(picture: Picture): AsyncGenerator<ClipEvent> {
    if (this.#mustStart(picture)) {
      yield* this.#endClip(picture.pts, picture);
      return yield* this.#startClip(picture);
    }
    assert(this.#clip && this.#motion, 'a clip is open');
    const steps = await this.#motion.push(picture);
    if (await this.#isCutAt(picture, steps)) {
      yield* this.#emit(steps, picture.pts);
      yield* this.#endClip(picture.pts, picture);
      return yield* this.#startClip(picture);
    }
    this.#clip.lastPts = picture.pts;
    yield* (await this.#clip.shown?.push(picture)) ?? [];
    yield* this.#emit(steps);
  }

  /** Whether the picture starts a clip before its motion is looked at. */
  #mustStart(picture: Picture): boolean {
    const clip = this.#clip;
    const isWanted = this.#options.control.takeRequest();
    if (!clip || isWanted || !isSameSize(clip.size, picture.size)) return true;
    const elapsed = picture.pts - clip.keyframePts;
    if (
      picture.isKeyframe &&
      !picture.isDegraded &&
      (elapsed >= this.#options.minDuration || clip.isDegraded)
    ) {
      return true;
    }
    if (elapsed >= this.#options.maxDuration || picture.pts - clip.lastPts > this.#options.maxPause)
      return true;
    return clip.uncoveredShare > MAX_UNCOVERED_SHARE && elapsed >= MIN_CONTENT_DISTANCE;
  }

  /** Follows coverage and scene cuts; true where the picture begins another shot and may start a clip. */
  async #isCutAt(picture: Picture, steps: readonly MotionStep[]): Promise<boolean> {
    assert(this.#clip, 'a clip is open');
    for (const step of steps) this.#clip.uncoveredShare = this.#clip.coverage.push(step.field);
    if (await this.#shots.observe(picture, steps)) this.#isCutPending = true;
    return this.#isCutPending && picture.pts - this.#clip.keyframePts >= MIN_CONTENT_DISTANCE;
  }

  async *#startClip(picture: Picture): AsyncGenerator<ClipEvent> {
    assert(this.#format && this.#motion, 'a picture comes after its format');
    const { format, motionSource } = this.#format;
    if (!this.#announced || !isSameSize(this.#announced, picture.size)) {
      this.#announced = picture.size;
      yield { type: 'announcement', format, size: picture.size, motionSource };
    }
    await this.#motion.begin(picture);
    if ((await this.#shots.begin(picture)) || this.#isCutPending) this.#shot += 1;
    this.#isCutPending = false;
    const index = this.#clips++;
    const { pts, received, captured, unitIndex, isDegraded } = picture;
    this.#clip = {
      index,
      keyframePts: pts,
      size: picture.size,
      isDegraded,
      coverage: new CoverageTracker(),
      shown: this.#followLooks(index, picture),
      lastPts: pts,
      uncoveredShare: 0,
      unitIndex,
      received,
    };
    yield {
      type: 'keyframe',
      clip: index,
      shot: this.#shot,
      kind: picture.isKeyframe && !isDegraded ? 'coded' : 'synthetic',
      pixels: await picture.toRgb(this.#options.keyframeSize),
      pts,
      received,
      captured,
      unitIndex,
      isDegraded,
    };
    if (this.#options.lookSize) yield await this.#look(index, { picture, tick: 0 });
  }

  #followLooks(clip: number, keyframe: Picture): ShownPictures<ClipEvent> | undefined {
    if (!this.#options.lookSize) return undefined;
    const clock = { keyframePts: keyframe.pts, fieldsPerSecond: this.#options.fieldsPerSecond };
    return new ShownPictures(keyframe, clock, (shown) => this.#look(clip, shown));
  }

  async #look(clip: number, { picture, tick }: Pick<ShownPicture, 'picture' | 'tick'>): Promise<ClipEvent> {
    assert(this.#options.lookSize, 'looks are asked for');
    return { type: 'look', clip, tick, luma: await picture.toLuma(this.#options.lookSize) };
  }

  /**
   * Ends the open clip before `nextPts`, or where its last picture ends if nothing follows soon. `follower` is the picture
   * that showed it.
   */
  async *#endClip(nextPts?: Micros, follower?: Picture): AsyncGenerator<ClipEvent> {
    const clip = this.#clip;
    if (!clip) return;
    assert(this.#motion, 'a clip has a motion source');
    const isPause = nextPts === undefined || nextPts - clip.lastPts > this.#options.maxPause;
    const endPts = isPause ? micros(clip.lastPts + 1e6 / this.#options.fieldsPerSecond) : nextPts;
    yield* (await clip.shown?.passTicks(endPts)) ?? [];
    yield* this.#emit(await this.#motion.end(endPts), endPts);
    clip.shown?.[Symbol.dispose]();
    this.#clip = undefined;
    const received = millis(Math.max(clip.received, follower?.received ?? 0));
    yield { type: 'clip-end', clip: clip.index, endPts, unitIndex: clip.unitIndex, received };
  }

  /** Passes on the steps of the open clip that come before its end. */
  *#emit(steps: readonly MotionStep[], endPts = Number.POSITIVE_INFINITY): Generator<ClipEvent> {
    const clip = this.#clip;
    assert(clip, 'steps belong to an open clip');
    for (const step of steps) {
      if (step.pts >= endPts) continue;
      clip.unitIndex = Math.max(clip.unitIndex, step.unitIndex);
      clip.received = millis(Math.max(clip.received, step.received));
      yield { type: 'step', clip: clip.index, ...step };
    }
  }
}

const isSameSize = (a: PictureSize, b: PictureSize): boolean =>
  a.widthPx === b.widthPx && a.heightPx === b.heightPx && a.sampleAspect === b.sampleAspect;
