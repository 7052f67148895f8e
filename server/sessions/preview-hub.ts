import { map } from 'rxjs';
import type { ErrorCode } from '../../client-sdk/protocol/error-codes.ts';
import { encodePreviewFrame } from '../../client-sdk/protocol/preview-frame.ts';
import { VIDEO_CODECS, type VideoCodec } from '../../pipeline/codec/video-encoder.ts';
import { reasonOf } from '../../pipeline/errors.ts';
import type {
  Preview,
  PreviewFactory,
  PreviewPicture,
  PreviewUnit,
  PreviewVideoCounts,
} from '../../pipeline/preview/preview.ts';
import type { Log } from '../log.ts';
import { Audience, type Viewer } from './audience.ts';
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

/** What a stream's reconstruction is coded as, and for how many. */
export interface PreviewVideoState extends PreviewVideoCounts {
  readonly viewers: number;
}

/** The place of somebody who watches the reconstruction as video. */
export interface VideoSeat {
  /** Asks for a keyframe on behalf of all who watch. */
  requestKeyframe(): void;
  leave(): void;
}

/**
 * One stream's reconstruction and its viewers. It runs while somebody looks: the messages of the open clip come from the
 * journal, so that a viewer who comes in mid-clip sees the same picture as one who was there.
 */
export class PreviewHub {
  readonly #options: PreviewHubOptions;
  readonly #shots: Audience<PreviewShot>;
  readonly #videos: ReadonlyMap<VideoCodec, Audience<PreviewUnit>>;
  #preview: Preview | undefined;
  #nextPosition = 0;
  #lingerTimer: NodeJS.Timeout | undefined;

  constructor(options: PreviewHubOptions) {
    this.#options = options;
    const onFault = (fault: unknown): void => options.log.warn({ fault: reasonOf(fault) }, 'preview failed');
    this.#shots = new Audience(onFault);
    this.#videos = new Map(VIDEO_CODECS.map((codec) => [codec, new Audience(onFault)]));
  }

  get viewers(): number {
    return this.#audiences.reduce((sum, { size }) => sum + size, 0);
  }

  /** Whether it is running. */
  get isOpen(): boolean {
    return this.#preview !== undefined;
  }

  /** Pictures made, and not made for want of time, by the present reconstruction. */
  get counts(): { made: number; dropped: number } {
    return { made: this.#preview?.made ?? 0, dropped: this.#preview?.dropped ?? 0 };
  }

  /** The videos that somebody has watched since the reconstruction began. */
  get videos(): Partial<Record<VideoCodec, PreviewVideoState>> {
    const states = [...this.#videos].map(([codec, { size }]) => {
      const counts = this.#preview?.video(codec).counts;
      return [codec, counts && { viewers: size, ...counts }] as const;
    });
    return Object.fromEntries(states.filter(([, state]) => state && (state.viewers > 0 || state.units > 0)));
  }

  /** Shows the stream's pictures, the newest one at once; the returned function ends it. */
  watch(viewer: Viewer<PreviewShot>): () => void {
    const known = this.#shots.latest;
    this.#shots.join(viewer);
    this.open();
    if (known) viewer.show(known);
    return () => {
      if (this.#shots.leave(viewer)) this.#closeLater();
    };
  }

  /** Shows the stream's pictures as video, from any unit on; a keyframe comes soon. */
  watchVideo(codec: VideoCodec, viewer: Viewer<PreviewUnit>): VideoSeat {
    const audience = this.#videos.get(codec);
    audience?.join(viewer);
    this.open();
    const requestKeyframe = (): void => this.#preview?.video(codec).requestKeyframe();
    requestKeyframe();
    return {
      requestKeyframe,
      leave: () => {
        if (!audience?.leave(viewer)) return;
        audience.rest();
        this.#closeLater();
      },
    };
  }

  /** The newest picture; waits for the first one of a reconstruction that has just begun. */
  async snapshot(waitMs: number): Promise<PreviewShot | undefined> {
    if (this.#preview && this.#shots.latest) {
      this.#closeLater();
      return this.#shots.latest;
    }
    this.#shots.latest = undefined;
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
    for (const audience of this.#audiences) audience.dismiss(code, detail, openedBeforeMs);
    for (const video of this.#videos.values()) video.rest();
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
    this.#shots.attach(preview.pictures$.pipe(map(shotOf)));
    for (const [codec, audience] of this.#videos) audience.attach(preview.video(codec).units$);
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
    for (const audience of this.#audiences) audience.attach(undefined);
    await preview?.[Symbol.asyncDispose]();
  }

  #next(): JournalEntry | undefined {
    const { journal } = this.#options;
    this.#nextPosition = Math.max(this.#nextPosition, journal.firstPosition);
    const entry = journal.at(this.#nextPosition);
    if (entry) this.#nextPosition += 1;
    return entry;
  }

  get #audiences(): readonly (Audience<PreviewShot> | Audience<PreviewUnit>)[] {
    return [this.#shots, ...this.#videos.values()];
  }

  #closeLater(): void {
    clearTimeout(this.#lingerTimer);
    if (this.#options.lingerMs === undefined) return;
    const close = (): void => {
      this.#shots.rest();
      if (this.viewers > 0) return;
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
