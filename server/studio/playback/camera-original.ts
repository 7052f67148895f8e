import type { Original } from './original.ts';

interface Kept {
  readonly ptsUs: number;
  readonly bitmap: ImageBitmap;
}

/** About five seconds at 30 pictures a second, 0.3 MB each. */
const CAPACITY = 150;
const KEPT_WIDTH_PX = 384;

/** Keeps a camera's recent pictures and shows the one that the reconstruction has come to. */
export class CameraOriginal implements Original {
  readonly #canvas: HTMLCanvasElement;
  #kept: Kept[] = [];
  #shownUs: number | undefined;
  #isDisposed = false;
  readonly isBroken = false;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  /** Copies a borrowed picture. */
  take(picture: VideoFrame, ptsUs: number): void {
    createImageBitmap(picture, { resizeWidth: Math.min(KEPT_WIDTH_PX, picture.displayWidth) }).then(
      (bitmap) => this.#keep({ ptsUs, bitmap }),
      // A picture that cannot be copied is missing from the view only; the next one comes in 33 ms.
      () => undefined,
    );
  }

  show(mediaUs: number): number | undefined {
    const index = this.#kept.findLastIndex(({ ptsUs }) => ptsUs <= mediaUs);
    const due = this.#kept[index];
    if (due !== undefined && due.ptsUs !== this.#shownUs) {
      this.#draw(due.bitmap);
      this.#shownUs = due.ptsUs;
      this.#drop(index);
    }
    return this.#shownUs;
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#drop(this.#kept.length);
  }

  #keep(picture: Kept): void {
    if (this.#isDisposed) {
      picture.bitmap.close();
      return;
    }
    this.#kept.push(picture);
    if (this.#kept.length > CAPACITY) this.#drop(1);
    if (this.#shownUs === undefined) this.#draw(picture.bitmap);
  }

  #draw(bitmap: ImageBitmap): void {
    const canvas = this.#canvas;
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
    }
    canvas.getContext('2d', { alpha: false })?.drawImage(bitmap, 0, 0);
  }

  #drop(count: number): void {
    for (const { bitmap } of this.#kept.splice(0, count)) bitmap.close();
  }
}
