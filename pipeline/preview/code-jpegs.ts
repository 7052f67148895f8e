import { Observable, share } from 'rxjs';
import { type JpegEncoder, openJpegEncoder } from '../codec/jpeg-encoder.ts';
import type { PictureSize } from '../codec/rgb-to-yuv.ts';
import { NewestFirst } from './newest-first.ts';
import type { PreviewPicture, ShownPicture } from './preview.ts';

export interface CodeJpegsOptions {
  /** Size of the pictures' pixels. */
  readonly source: PictureSize;
  /** JPEG quality, 1 (best) to 31. */
  readonly quantizer: number;
  /** The picture that is shown when somebody subscribes. */
  readonly latest: () => ShownPicture | undefined;
  /** A picture was not coded because the one before took too long. */
  readonly onDrop: () => void;
  readonly onFault: (fault: unknown) => void;
  /** Takes the release of what a subscription held, which ends after it. */
  readonly onRelease: (release: Promise<void>) => void;
}

/** Codes pictures as JPEG, once for all subscribers and only while there are any, the one shown now first. */
export function codeJpegs(
  shown$: Observable<ShownPicture>,
  options: CodeJpegsOptions,
): Observable<PreviewPicture> {
  return new Observable<PreviewPicture>((subscriber) => {
    /** The encoder and the size that it was opened for. */
    let encoder: (PictureSize & { readonly jpeg: JpegEncoder }) | undefined;
    const code = async ({ rgb, ...picture }: ShownPicture): Promise<void> => {
      const { widthPx, heightPx } = picture;
      if (encoder?.widthPx !== widthPx || encoder.heightPx !== heightPx) {
        encoder?.jpeg[Symbol.dispose]();
        encoder = undefined;
        const target = { widthPx, heightPx };
        encoder = { ...target, jpeg: await openJpegEncoder({ ...options, target }) };
      }
      subscriber.next({ ...picture, jpeg: await encoder.jpeg.encode(rgb) });
    };
    const coding = new NewestFirst(code, { drop: options.onDrop, fault: options.onFault });
    const latest = options.latest();
    if (latest) coding.offer(latest);
    subscriber.add(
      shown$.subscribe({
        next: (picture) => coding.offer(picture),
        error: (fault: unknown) => subscriber.error(fault),
        complete: () => subscriber.complete(),
      }),
    );
    return () => options.onRelease(coding.close().then(() => encoder?.jpeg[Symbol.dispose]()));
  }).pipe(share());
}
