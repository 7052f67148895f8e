import type { PreviewMotion } from '../../../client-sdk/index.ts';
import { PreviewClock, type PreviewClockMode } from './preview-clock.ts';

/** A picture of the reconstruction as it came. */
export interface IncomingPicture {
  /** Media time, µs. */
  readonly ptsUs: number;
  readonly jpeg: Uint8Array;
  readonly motion: PreviewMotion | undefined;
}

/** The picture on the canvas. */
export interface ShownPicture {
  readonly ptsUs: number;
  readonly motion: PreviewMotion | undefined;
}

interface Queued extends IncomingPicture {
  state: 'coded' | 'decoding' | 'ready' | 'broken';
  bitmap?: ImageBitmap;
}

const CAPACITY_BYTES = 48 * 2 ** 20;
const DECODE_AHEAD_MS = 500;
const MAX_DECODING = 4;

/** Draws the pictures of a preview on a canvas when their media time comes. */
export class PreviewPlayer implements Disposable {
  readonly #canvas: HTMLCanvasElement;
  readonly #clock: PreviewClock;
  #queue: Queued[] = [];
  #heldBytes = 0;
  #isDisposed = false;
  #shown: ShownPicture | undefined;
  #shownCount = 0;
  #dropped = 0;

  constructor(canvas: HTMLCanvasElement, options: { mode: PreviewClockMode }) {
    this.#canvas = canvas;
    this.#clock = new PreviewClock(options.mode);
  }

  /** The picture on the canvas. */
  get shown(): ShownPicture | undefined {
    return this.#shown;
  }

  /** Pictures drawn so far. */
  get shownCount(): number {
    return this.#shownCount;
  }

  /** Pictures that were never drawn: queue full, too late, or not decodable. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes the next picture. */
  push(picture: IncomingPicture, nowMs: number): void {
    this.#queue.push({ ...picture, state: 'coded' });
    this.#heldBytes += picture.jpeg.length;
    this.#clock.arrived(picture.ptsUs / 1000, nowMs);
    while (this.#heldBytes > CAPACITY_BYTES) this.#release(1);
  }

  /** Draws what is due. Gives the media time of now in µs, or `undefined` before the first picture. */
  tick(nowMs: number): number | undefined {
    const mediaMs = this.#clock.tick(nowMs);
    if (mediaMs === undefined) return undefined;
    this.#decodeAhead(mediaMs);
    const due = this.#queue.findLastIndex((each) => each.ptsUs / 1000 <= mediaMs && each.state === 'ready');
    const picture = this.#queue[due];
    if (picture?.bitmap !== undefined) {
      this.#draw(picture.bitmap);
      this.#shown = { ptsUs: picture.ptsUs, motion: picture.motion };
      this.#shownCount++;
      this.#release(due + 1);
      this.#dropped -= 1;
    }
    return mediaMs * 1000;
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#release(this.#queue.length);
  }

  #decodeAhead(mediaMs: number): void {
    let decoding = 0;
    for (const each of this.#queue) {
      if (each.ptsUs / 1000 > mediaMs + DECODE_AHEAD_MS || decoding >= MAX_DECODING) return;
      if (each.state === 'coded') this.#decode(each);
      if (each.state === 'decoding') decoding++;
    }
  }

  #decode(picture: Queued): void {
    picture.state = 'decoding';
    createImageBitmap(new Blob([picture.jpeg as Uint8Array<ArrayBuffer>], { type: 'image/jpeg' })).then(
      (bitmap) => {
        if (this.#isDisposed || !this.#queue.includes(picture)) bitmap.close();
        else Object.assign(picture, { state: 'ready', bitmap });
      },
      () => {
        picture.state = 'broken';
      },
    );
  }

  #draw(bitmap: ImageBitmap): void {
    const canvas = this.#canvas;
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
    }
    canvas.getContext('2d', { alpha: false })?.drawImage(bitmap, 0, 0);
  }

  /** Frees the oldest pictures; the caller takes back from `dropped` the one that it drew. */
  #release(count: number): void {
    for (const each of this.#queue.splice(0, count)) {
      each.bitmap?.close();
      this.#heldBytes -= each.jpeg.length;
      if (!this.#isDisposed) this.#dropped++;
    }
  }
}
