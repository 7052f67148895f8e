/** Lets later stages ask for a new clip, because a lost chunk has broken the chain of the present one. */
export class ClipControl {
  #isWanted = false;

  /** Makes the next picture possible a synthetic keyframe. */
  requestKeyframe(): void {
    this.#isWanted = true;
  }

  /** Whether a keyframe was asked for since the last call. */
  takeRequest(): boolean {
    const isWanted = this.#isWanted;
    this.#isWanted = false;
    return isWanted;
  }
}
