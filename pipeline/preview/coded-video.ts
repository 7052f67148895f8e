import { Observable, type Subscriber, share } from 'rxjs';
import type { PictureSize } from '../codec/rgb-to-yuv.ts';
import type { OpenVideoEncoder, VideoCodec, VideoEncoder } from '../codec/video-encoder.ts';
import { NewestFirst } from './newest-first.ts';
import type { PreviewUnit, PreviewVideo, PreviewVideoCounts, ShownPicture } from './preview.ts';
import { VideoClock } from './video-clock.ts';

/** Shortest time between two keyframes that are asked for, ms: each costs as much as a second of other pictures. */
const KEYFRAME_INTERVAL_MS = 500;
/** How often a picture is coded again while no other comes, ms: players that hear nothing give a stream up. */
const REPEAT_MS = 500;

export interface CodedVideoOptions {
  readonly codec: VideoCodec;
  /** Size of the pictures' pixels. */
  readonly source: PictureSize;
  readonly framesPerSecond: number;
  readonly openEncoder: OpenVideoEncoder;
  /** The picture that is shown when somebody subscribes. */
  readonly latest: () => ShownPicture | undefined;
  /** Milliseconds on any clock that only goes forward. */
  readonly now: () => number;
  /** Calls back later; the result cancels. */
  readonly schedule: (task: () => void, delayMs: number) => () => void;
  readonly onFault: (fault: unknown) => void;
  /** Takes the release of what a run held, which ends after it. */
  readonly onRelease: (release: Promise<void>) => void;
}

/** The reconstruction of one stream in one codec. It runs from the first subscriber to the last. */
export class CodedVideo implements PreviewVideo {
  readonly units$: Observable<PreviewUnit>;
  readonly #totals = { units: 0, keyframes: 0, keyframeRequests: 0, dropped: 0, bytes: 0 };
  #run: VideoRun | undefined;

  constructor(shown$: Observable<ShownPicture>, options: CodedVideoOptions) {
    this.units$ = new Observable<PreviewUnit>((subscriber) => {
      const run = new VideoRun(options, subscriber, this.#totals);
      this.#run = run;
      const latest = options.latest();
      if (latest) run.show(latest);
      subscriber.add(
        shown$.subscribe({
          next: (picture) => run.show(picture),
          error: (fault: unknown) => subscriber.error(fault),
          complete: () => subscriber.complete(),
        }),
      );
      return () => {
        this.#run = undefined;
        options.onRelease(run.close());
      };
    }).pipe(share());
  }

  get counts(): PreviewVideoCounts {
    return { isRunning: this.#run !== undefined, ...this.#totals };
  }

  requestKeyframe(): void {
    this.#totals.keyframeRequests += 1;
    this.#run?.requestKeyframe();
  }
}

/** One picture that is to be coded, or coded again. */
interface Coding {
  readonly picture: ShownPicture;
  readonly timestampUs: number;
}

class VideoRun {
  readonly #options: CodedVideoOptions;
  readonly #subscriber: Subscriber<PreviewUnit>;
  readonly #totals: { units: number; keyframes: number; dropped: number; bytes: number };
  readonly #clock = new VideoClock();
  readonly #coding: NewestFirst<Coding>;
  /** The encoder and the size that it was opened for. */
  #encoder: (PictureSize & { readonly video: VideoEncoder }) | undefined;
  #newest: ShownPicture | undefined;
  #index = 0;
  #isKeyframeWanted = false;
  #lastKeyframeMs = Number.NEGATIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;

  constructor(
    options: CodedVideoOptions,
    subscriber: Subscriber<PreviewUnit>,
    totals: { units: number; keyframes: number; dropped: number; bytes: number },
  ) {
    this.#options = options;
    this.#subscriber = subscriber;
    this.#totals = totals;
    this.#coding = new NewestFirst((coding) => this.#code(coding), {
      drop: () => {
        totals.dropped += 1;
      },
      fault: (fault) => {
        // What an encoder gives after a fault would lack a reference.
        this.#closeEncoder();
        options.onFault(fault);
      },
    });
  }

  /** Codes the next picture. */
  show(picture: ShownPicture): void {
    this.#newest = picture;
    this.#coding.offer({ picture, timestampUs: this.#clock.stamp(picture.pts, this.#options.now()) });
    this.#repeatIn(REPEAT_MS);
  }

  requestKeyframe(): void {
    if (this.#isKeyframeWanted) return;
    this.#isKeyframeWanted = true;
    this.#repeatIn(this.#keyframeDueInMs);
  }

  /** Resolves when nothing is coded any more and the encoder is released. */
  async close(): Promise<void> {
    this.#cancelTimer?.();
    await this.#coding.close();
    this.#closeEncoder();
  }

  get #keyframeDueInMs(): number {
    return Math.max(0, this.#lastKeyframeMs + KEYFRAME_INTERVAL_MS - this.#options.now());
  }

  /** Codes the newest picture again after a while, if no other comes before. */
  #repeatIn(delayMs: number): void {
    this.#cancelTimer?.();
    const picture = this.#newest;
    if (!picture) return;
    this.#cancelTimer = this.#options.schedule(() => {
      this.#coding.offer({ picture, timestampUs: this.#clock.repeat(this.#options.now()) });
      this.#repeatIn(REPEAT_MS);
    }, delayMs);
  }

  async #code({ picture, timestampUs }: Coding): Promise<void> {
    const { widthPx, heightPx, rgb } = picture;
    if (this.#encoder?.widthPx !== widthPx || this.#encoder.heightPx !== heightPx) {
      this.#closeEncoder();
      const target = { widthPx, heightPx };
      const video = await this.#options.openEncoder({ ...this.#options, target });
      this.#encoder = { ...target, video };
    }
    const isKeyframe = this.#isKeyframeWanted && this.#keyframeDueInMs === 0;
    const unit = await this.#encoder.video.encode({ rgb, timestampUs, isKeyframe });
    if (unit.isKeyframe) {
      this.#isKeyframeWanted = false;
      this.#lastKeyframeMs = this.#options.now();
      this.#totals.keyframes += 1;
    }
    this.#totals.units += 1;
    this.#totals.bytes += unit.data.length;
    this.#subscriber.next({ ...unit, index: this.#index++, timestampUs });
    if (this.#isKeyframeWanted) this.#repeatIn(this.#keyframeDueInMs);
  }

  #closeEncoder(): void {
    this.#encoder?.video[Symbol.dispose]();
    this.#encoder = undefined;
  }
}
