/** A picture beside what was rebuilt of it, RGB uint8 [height, width, 3] both. */
export interface PicturePair {
  /** Media time, s. */
  readonly seconds: number;
  readonly original: Uint8Array;
  readonly rebuilt: Uint8Array;
  /** PSNR as the figures have it: RGB of a keyframe, luma of any other picture. */
  readonly db: number;
}

/** A clip of a file as a sheet shows it. */
export interface ClipSample {
  readonly keyframe: PicturePair;
  /** PSNR of the keyframe's thumbnail, dB. */
  readonly thumbnailDb: number;
  /** The clip's last picture; absent where its keyframe is all that was rebuilt. */
  readonly end: PicturePair | undefined;
}

/** Clips with the worst keyframes that are told of. */
export const WORST_CLIPS = 5;

/** Picks from clips that come one by one: the worst, and some that are spread evenly. Holds a few of each. */
export class ClipSamples {
  readonly #worstCount: number;
  readonly #spreadCount: number;
  #worst: ClipSample[] = [];
  #spread: ClipSample[] = [];
  // Distance of the clips in #spread.
  #stride = 1;
  #seen = 0;

  constructor({ worst, spread }: { worst: number; spread: number }) {
    this.#worstCount = worst;
    this.#spreadCount = spread;
  }

  add(sample: ClipSample): void {
    this.#worst = worstOf([...this.#worst, sample], this.#worstCount);
    if (this.#seen++ % this.#stride > 0) return;
    this.#spread.push(sample);
    if (this.#spread.length < 4 * this.#spreadCount) return;
    this.#spread = this.#spread.filter((_, at) => at % 2 === 0);
    this.#stride *= 2;
  }

  /** Those with the worst keyframes, the worst first. */
  get worst(): readonly ClipSample[] {
    return this.#worst;
  }

  /** Clips spread over all that came, in order. */
  get spread(): readonly ClipSample[] {
    const [all, count] = [this.#spread, this.#spreadCount];
    if (all.length <= count) return all;
    return Array.from({ length: count }, (_, at) => all[Math.floor(((at + 0.5) * all.length) / count)]!);
  }
}

/** The `count` clips whose keyframes are worst, the worst first; of equals, those that came first. */
export const worstOf = <Clip extends ClipSample>(clips: readonly Clip[], count: number): Clip[] =>
  clips.toSorted((a, b) => a.keyframe.db - b.keyframe.db).slice(0, count);
