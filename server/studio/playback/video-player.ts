/** Plays a MediaStream of the reconstruction, and counts the pictures that reach the screen. */
export class VideoPlayer implements Disposable {
  readonly #video: HTMLVideoElement;
  #shownCount = 0;
  #isDisposed = false;

  constructor(video: HTMLVideoElement, media: MediaStream) {
    this.#video = video;
    video.srcObject = media;
    // Rejects where it is replaced before it begins.
    video.play().catch(() => undefined);
    this.#watch();
  }

  get shownCount(): number {
    return this.#shownCount;
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#video.pause();
    this.#video.srcObject = null;
  }

  #watch(): void {
    this.#video.requestVideoFrameCallback(() => {
      if (this.#isDisposed) return;
      this.#shownCount++;
      this.#watch();
    });
  }
}
