import type { Original } from './original.ts';

interface Kept {
  readonly ptsUs: number;
  readonly bitmap: ImageBitmap;
}

/** Eight seconds at 30 pictures a second, a quarter of a megabyte each. */
const CAPACITY = 240;
const KEPT_WIDTH_PX = 320;
/** Camera pictures held while they are copied; a camera has few, and stops when all are held. */
const MAX_COPYING = 3;

/** Keeps a camera's recent pictures and shows the one that the reconstruction has come to. */
export class CameraOriginal implements Original {
  readonly #canvas: HTMLCanvasElement;
  #kept: Kept[] = [];
  #shownUs: number | undefined;
  #copying = 0;
  #isDisposed = false;
  readonly isBroken = false;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  /** Copies a borrowed picture. */
  take(picture: VideoFrame, ptsUs: number): void {
    if (this.#copying >= MAX_COPYING) return;
    this.#copying++;
    // The lender closes its picture at once, and the camera then writes over it.
    const held = picture.clone();
    createImageBitmap(held, { resizeWidth: Math.min(KEPT_WIDTH_PX, held.displayWidth) })
      .then(
        (bitmap) => this.#keep({ ptsUs, bitmap }),
        // A picture that cannot be copied is missing from the view only; the next one comes in 33 ms.
        () => undefined,
      )
      .finally(() => {
        held.close();
        this.#copying--;
      });
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
