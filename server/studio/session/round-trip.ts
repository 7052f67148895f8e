import { paintStrip, STRIP_NUMBERS, StripReader } from '../capture/time-strip.ts';
import { quantilesOf } from '../meters/token-meter.ts';

const LONGEST_MS = 3500;
/** Readings after which the measurement is done: one for each keyframe that comes back. */
const READINGS = 5;
const GIVE_UP_MS = 40_000;

/** Where a measurement of the round trip stands. */
export interface RoundTripState {
  readonly isRunning: boolean;
  /** Delays from the painting of a number to its return, ms. */
  readonly readingsMs: readonly number[];
}

/**
 * Measures the way of a picture through the server and back: paints numbers over the outgoing pictures, and reads them
 * from the returning video. Motion cannot carry a change of brightness, so a number comes back with each keyframe.
 */
export class RoundTrip implements Disposable {
  /** The pictures with their numbers, to be sent in the place of the camera's. */
  readonly track: MediaStreamTrack;
  readonly #canvas = document.createElement('canvas');
  readonly #context = this.#canvas.getContext('2d', { alpha: false });
  readonly #paintedMs = new Array<number | undefined>(STRIP_NUMBERS).fill(undefined);
  readonly #reader = new StripReader();
  readonly #startedMs = performance.now();
  readonly #readingsMs: number[] = [];
  #number = 0;
  #lastRead: number | undefined;
  #isRunning = true;

  constructor({ width = 640, height = 360 }: MediaTrackSettings) {
    this.#canvas.width = width;
    this.#canvas.height = height;
    const [track] = this.#canvas.captureStream().getVideoTracks();
    if (track === undefined) throw new Error('This browser gives no video of a canvas.');
    this.track = track;
  }

  get state(): RoundTripState {
    return { isRunning: this.#isRunning, readingsMs: this.#readingsMs };
  }

  /** Median, ms; `undefined` before the first reading. */
  get medianMs(): number | undefined {
    return quantilesOf(this.#readingsMs)?.p50Ms;
  }

  /** Paints a borrowed picture of the camera with the next number. */
  paint(picture: VideoFrame): void {
    const context = this.#context;
    if (context === null || !this.#isRunning) return;
    context.drawImage(picture, 0, 0, this.#canvas.width, this.#canvas.height);
    paintStrip(context, this.#number);
    this.#paintedMs[this.#number] = performance.now();
    this.#number = (this.#number + 1) % STRIP_NUMBERS;
  }

  /** Looks for a number in the picture that is on the screen. Gives whether the measurement goes on. */
  look(video: HTMLVideoElement): boolean {
    const nowMs = performance.now();
    const number = this.#reader.read(video);
    if (number !== undefined && number !== this.#lastRead) {
      this.#lastRead = number;
      const paintedMs = this.#paintedMs[number];
      const delayMs = paintedMs === undefined ? Number.POSITIVE_INFINITY : nowMs - paintedMs;
      if (delayMs < LONGEST_MS) this.#readingsMs.push(delayMs);
    }
    return this.#readingsMs.length < READINGS && nowMs - this.#startedMs < GIVE_UP_MS;
  }

  [Symbol.dispose](): void {
    this.#isRunning = false;
    this.track.stop();
  }
}
