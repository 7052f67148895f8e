import type { Micros } from '../../client-sdk/protocol/units.ts';
import { assert } from '../errors.ts';
import type { Picture } from '../types.ts';
import { lumaOf } from './psnr.ts';

/** The source's newest pictures, to compare others with. Holds what has not been forgotten. */
export class SourcePictures {
  readonly #size: { readonly widthPx: number; readonly heightPx: number };
  readonly #pictures: { readonly pts: Micros; readonly rgb: Promise<Uint8Array> }[] = [];

  constructor(size: { readonly widthPx: number; readonly heightPx: number }) {
    this.#size = size;
  }

  /** Takes the next picture in presentation order, which it borrows for the time of the call. */
  add(picture: Picture): void {
    const rgb = picture.toRgb(this.#size);
    // Whoever asks for the picture is told; if nobody does, its fault harms nobody.
    rgb.catch(() => undefined);
    this.#pictures.push({ pts: picture.pts, rgb });
  }

  /** The last picture at or before a time: RGB uint8 [height, width, 3], borrowed. */
  rgbAt(pts: Micros): Promise<Uint8Array> {
    const picture = this.#pictures[this.#indexAt(pts)];
    assert(picture, 'a tick has a picture at or before it');
    return picture.rgb;
  }

  /** Luma of the last picture at or before a time: uint8 [height, width]. */
  lumaAt(pts: Micros): Promise<Uint8Array> {
    return this.rgbAt(pts).then(lumaOf);
  }

  /** Lets go of what is not shown any more at a time. */
  forgetBefore(pts: Micros): void {
    this.#pictures.splice(0, Math.max(0, this.#indexAt(pts)));
  }

  /** Pictures held. */
  get count(): number {
    return this.#pictures.length;
  }

  #indexAt(pts: Micros): number {
    return this.#pictures.findLastIndex((picture) => picture.pts <= pts);
  }
}
