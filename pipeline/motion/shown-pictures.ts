import type { Micros } from '../../client-sdk/protocol/units.ts';
import type { Picture } from '../types.ts';
import { type ClipClock, tickPts } from './clip-clock.ts';

/** A picture that is the last one at or before some tick of the pack's clock. */
export interface ShownPicture {
  /** Borrowed for the time of the call. */
  readonly picture: Picture;
  /** The first tick at which it is shown. */
  readonly tick: number;
  /** The clip has no other picture between the picture's own time and this one. */
  readonly nextPts: Micros;
}

/**
 * Finds the pictures of one clip that are shown at ticks of the pack's clock, each once. Which one it is shows only when
 * a later one comes, so that it keeps one picture. Calls do not overlap.
 */
export class ShownPictures<T> implements Disposable {
  readonly #clock: ClipClock;
  readonly #take: (shown: ShownPicture) => Promise<T>;
  // The clip's newest picture, and whether it has been taken.
  #held: Picture;
  #isHeldTaken = true;
  // The first tick that no picture has passed yet.
  #nextTick = 1;

  /** Starts at the keyframe, which it borrows and takes to be known. `take` is called for each picture shown later. */
  constructor(keyframe: Picture, clock: ClipClock, take: (shown: ShownPicture) => Promise<T>) {
    this.#clock = clock;
    this.#take = take;
    this.#held = keyframe.clone();
  }

  /** Takes the clip's next picture, which it borrows; gives what was made of the pictures that this settles. */
  async push(picture: Picture): Promise<T[]> {
    const taken = await this.passTicks(picture.pts);
    this.#held[Symbol.dispose]();
    this.#held = picture.clone();
    this.#isHeldTaken = false;
    // Nothing later can be the last picture at or before this tick.
    if (picture.pts === tickPts(this.#clock, this.#nextTick))
      taken.push(await this.#takeHeld(this.#nextTick++, picture.pts));
    return taken;
  }

  /** As `push`, where no picture comes before `pts`. */
  async passTicks(pts: Micros): Promise<T[]> {
    const tick = this.#nextTick;
    while (tickPts(this.#clock, this.#nextTick) < pts) this.#nextTick++;
    return this.#nextTick === tick || this.#isHeldTaken ? [] : [await this.#takeHeld(tick, pts)];
  }

  [Symbol.dispose](): void {
    this.#held[Symbol.dispose]();
  }

  #takeHeld(tick: number, nextPts: Micros): Promise<T> {
    this.#isHeldTaken = true;
    return this.#take({ picture: this.#held, tick, nextPts });
  }
}
