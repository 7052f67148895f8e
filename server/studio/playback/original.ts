/** The source's own pictures, shown in step with the reconstruction. */
export interface Original extends Disposable {
  /** Whether this browser can never show it. */
  readonly isBroken: boolean;
  /**
   * Shows the picture of a media time, µs. Gives the media time of the picture that is really on the screen, or
   * `undefined` while there is none.
   */
  show(mediaUs: number): number | undefined;
  /** Shows the picture that was taken so long ago, where that is known; for a reconstruction that tells no media time. */
  showAged?(ageMs: number): void;
}
