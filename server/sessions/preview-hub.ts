import type { ErrorCode } from '../../client-sdk/protocol/error-codes.ts';
import { encodePreviewFrame } from '../../client-sdk/protocol/preview-frame.ts';
import { reasonOf } from '../../pipeline/errors.ts';
import type { Preview, PreviewFactory, PreviewPicture } from '../../pipeline/preview/preview.ts';
import type { Log } from '../log.ts';
import type { Journal } from './journal.ts';
import type { JournalEntry } from './journal-entry.ts';

/** One reconstructed picture as viewers get it; shared, so nobody may change the bytes. */
export interface PreviewShot {
  readonly jpeg: Uint8Array;
  /** The binary message of the preview WebSocket, with or without the motion field; made when it is first asked for. */
  frame(options: { withMotion: boolean }): Uint8Array;
}

export interface PreviewHubOptions {
  readonly stream: string;
  readonly journal: Journal;
  /** How long to go on after the last viewer, ms; `undefined` for ever. */
  readonly lingerMs: number | undefined;
  readonly previews: () => PreviewFactory | undefined;
  readonly log: Log;
}

/** Somebody who looks at a stream's reconstruction. */
export interface Viewer {
  /** Wall clock, ms. */
  readonly openedMs: number;
  /** Takes the next picture or drops it; never waits. */
  show(shot: PreviewShot): void;
  /** The server ends the viewing. */
  end(code: ErrorCode, detail: string): void;
}

/**
 * One stream's reconstruction and its viewers. It runs while somebody looks: the messages of the open clip come from the
 * journal, so that a viewer who comes in mid-clip sees the same picture as one who was there.
 */
export class PreviewHub {
  readonly #options: PreviewHubOptions;
  readonly #viewers = new Set<Viewer>();
  #preview: Preview | undefined;
  #nextPosition = 0;
  #latest: PreviewShot | undefined;
  #lingerTimer: NodeJS.Timeout | undefined;

  constructor(options: PreviewHubOptions) {
    this.#options = options;
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** Whether it is running. */
  get isOpen(): boolean {
    return this.#preview !== undefined;
  }

  /** Pictures made, and not made for want of time, by the present reconstruction. */
  get counts(): { made: number; dropped: number } {
    return { made: this.#preview?.made ?? 0, dropped: this.#preview?.dropped ?? 0 };
  }

  /** Shows the stream's pictures, the newest one at once; the returned function ends it. */
  watch(viewer: Viewer): () => void {
    this.#viewers.add(viewer);
    this.open();
    if (this.#latest) viewer.show(this.#latest);
    return () => {
      if (this.#viewers.delete(viewer)) this.#closeLater();
    };
  }

  /** The newest picture; waits for the first one of a reconstruction that has just begun. */
  async snapshot(waitMs: number): Promise<PreviewShot | undefined> {
    if (this.#preview && this.#latest) {
      this.#closeLater();
      return this.#latest;
    }
    this.#latest = undefined;
    return await new Promise((resolve) => {
      const finish = (shot?: PreviewShot): void => {
        clearTimeout(timer);
        stop();
        resolve(shot);
      };
      const timer = setTimeout(finish, waitMs);
      const stop = this.watch({ openedMs: Date.now(), show: finish, end: () => finish() });
    });
  }

  /** Sends away the viewers who came before a time, wall clock. */
  dismiss(code: ErrorCode, detail: string, openedBeforeMs = Number.POSITIVE_INFINITY): void {
    for (const viewer of this.#viewers) {
      if (viewer.openedMs < openedBeforeMs && this.#viewers.delete(viewer)) viewer.end(code, detail);
    }
    this.#closeLater();
  }

  /** Takes the journal's new entries. */
  pump(): void {
    if (!this.#preview) return;
    for (let entry = this.#next(); entry; entry = this.#next()) this.#preview.push(entry.message);
  }

  /** Begins the reconstruction with the newest clip. */
  open(): void {
    clearTimeout(this.#lingerTimer);
    const factory = this.#options.previews();
    if (this.#preview || !factory) return;
    const preview = factory.open(this.#options.stream);
    this.#preview = preview;
    preview.pictures$.subscribe({
      next: (picture) => this.#show(picture),
      error: (fault: unknown) => this.#options.log.warn({ fault: reasonOf(fault) }, 'preview failed'),
    });
    this.#nextPosition = this.#options.journal.newestClip().position;
    const start = this.#options.journal.at(this.#nextPosition)?.start;
    if (start && start.position < this.#nextPosition) preview.push(start.message);
    this.pump();
  }

  /** Ends the reconstruction; the newest picture stays. */
  async close(): Promise<void> {
    clearTimeout(this.#lingerTimer);
    const preview = this.#preview;
    this.#preview = undefined;
    await preview?.[Symbol.asyncDispose]();
  }

  #next(): JournalEntry | undefined {
    const { journal } = this.#options;
    this.#nextPosition = Math.max(this.#nextPosition, journal.firstPosition);
    const entry = journal.at(this.#nextPosition);
    if (entry) this.#nextPosition += 1;
    return entry;
  }

  #show(picture: PreviewPicture): void {
    const shot = shotOf(picture);
    this.#latest = shot;
    for (const viewer of this.#viewers) viewer.show(shot);
  }

  #closeLater(): void {
    clearTimeout(this.#lingerTimer);
    if (this.#viewers.size > 0 || this.#options.lingerMs === undefined) return;
    const close = (): void => {
      this.close().catch((fault: unknown) =>
        this.#options.log.error({ fault: reasonOf(fault) }, 'preview did not close'),
      );
    };
    this.#lingerTimer = setTimeout(close, this.#options.lingerMs);
  }
}

/** All viewers of one kind share one message. */
function shotOf({ jpeg, pts, widthPx, heightPx, motion }: PreviewPicture): PreviewShot {
  const plain = { pts, width: widthPx, height: heightPx, jpeg };
  const frames: { plain?: Uint8Array; withMotion?: Uint8Array } = {};
  return {
    jpeg,
    frame: ({ withMotion }) => {
      if (withMotion) {
        frames.withMotion ??= encodePreviewFrame({ ...plain, motion });
        return frames.withMotion;
      }
      frames.plain ??= encodePreviewFrame(plain);
      return frames.plain;
    },
  };
}
