import type { Observable } from 'rxjs';
import type { JournalMessage } from '../../client-sdk/protocol/messages.ts';
import type { PreviewMotion } from '../../client-sdk/protocol/preview-frame.ts';
import type { Micros } from '../../client-sdk/protocol/units.ts';

/** One reconstructed picture, coded. */
export interface PreviewPicture {
  readonly pts: Micros;
  /** JPEG at the stream's display aspect. */
  readonly jpeg: Uint8Array;
  /** Size of the JPEG, px. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** The field that led to the picture; absent at a keyframe and in a still stretch. */
  readonly motion?: PreviewMotion | undefined;
}

/** The reconstruction of one stream, made from its messages alone. */
export interface Preview extends AsyncDisposable {
  /** Takes the stream's next message. Never waits: under overload pictures are dropped and counted. */
  push(message: JournalMessage): void;
  /** Pictures as they are made; hot, completes when the preview is disposed of. */
  readonly pictures$: Observable<PreviewPicture>;
  readonly latest: PreviewPicture | undefined;
  /** Pictures that were not made because there was no time. */
  readonly dropped: number;
  /** Pictures that were made. */
  readonly made: number;
}

/** Makes previews; holds what all of them share. */
export interface PreviewFactory extends AsyncDisposable {
  open(stream: string): Preview;
}
