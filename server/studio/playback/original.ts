/** The source's own pictures, shown in step with the reconstruction. */
export interface Original extends Disposable {
  /** Whether this browser can never show it. */
  readonly isBroken: boolean;
  /**
   * Shows the picture of a media time, µs. Gives the media time of the picture that is really on the screen, or
   * `undefined` while there is none.
   */
  show(mediaUs: number): number | undefined;
}
