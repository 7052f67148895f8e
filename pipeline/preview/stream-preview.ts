import { type Observable, Subject } from 'rxjs';
import type { JournalMessage, StartMessage } from '../../client-sdk/protocol/messages.ts';
import type { PictureSize } from '../codec/rgb-to-yuv.ts';
import type { OpenVideoEncoder, VideoCodec } from '../codec/video-encoder.ts';
import { codeJpegs } from './code-jpegs.ts';
import { CodedVideo } from './coded-video.ts';
import { Pacer } from './pacer.ts';
import type { Preview, PreviewPicture, PreviewVideo, ShownPicture } from './preview.ts';
import { PreviewQueue, picturesOf } from './preview-queue.ts';

/** What previews measure time with, and what they are bounded by. */
export interface PreviewPace {
  /** Milliseconds on any clock that only goes forward. */
  readonly now: () => number;
  /** Calls back later; the result cancels. */
  readonly schedule: (task: () => void, delayMs: number) => () => void;
  /** Messages that may wait for the thread. */
  readonly maxWaiting: number;
  /** How long the first of them may have waited, milliseconds; then what is old gives way to what is new. */
  readonly maxAgeMs: number;
  /** Longest that a picture that was made is held back, milliseconds. */
  readonly maxDelayMs: number;
  /** Pictures that may be held back. */
  readonly maxHeld: number;
}

/** How the pictures of previews are coded. */
export interface PreviewCoding {
  /** Size of the pictures' pixels. */
  readonly source: PictureSize;
  /** JPEG quality, 1 (best) to 31. */
  readonly quantizer: number;
  readonly framesPerSecond: number;
  readonly openEncoder: OpenVideoEncoder;
}

/** What happens to a preview, and who is to hear of it. */
export interface PreviewEvents {
  /** There is a message to take. */
  work(): void;
  /** A picture could not be coded. */
  fault(fault: unknown): void;
  /** The preview has ended. */
  close(): Promise<void>;
}

/**
 * The preview of one stream: its waiting messages before the thread, its pictures at their pace behind it, coded for
 * whoever asks.
 */
export class StreamPreview implements Preview {
  readonly pictures$: Observable<PreviewPicture>;
  readonly #shown = new Subject<ShownPicture>();
  readonly #videos = new Map<VideoCodec, PreviewVideo>();
  readonly #queue: PreviewQueue;
  readonly #pacer: Pacer<ShownPicture>;
  readonly #pace: PreviewPace;
  readonly #coding: PreviewCoding;
  readonly #on: PreviewEvents;
  /** Encoders that are being released. */
  readonly #releases = new Set<Promise<void>>();
  #start: StartMessage | undefined;
  #latest: ShownPicture | undefined;
  #made = 0;
  #overtaken = 0;
  #closing: Promise<void> | undefined;

  constructor(pace: PreviewPace, coding: PreviewCoding, on: PreviewEvents) {
    this.#pace = pace;
    this.#coding = coding;
    this.#on = on;
    this.#queue = new PreviewQueue({ capacity: pace.maxWaiting, maxAgeMs: pace.maxAgeMs, now: pace.now });
    const onDrop = (): void => {
      this.#overtaken += 1;
    };
    this.#pacer = new Pacer({
      ...pace,
      capacity: pace.maxHeld,
      emit: (picture) => {
        this.#latest = picture;
        this.#shown.next(picture);
      },
      onDrop,
    });
    this.pictures$ = codeJpegs(this.#shown, { ...coding, ...this.#codingEvents, onDrop });
  }

  get latest(): ShownPicture | undefined {
    return this.#latest;
  }

  get made(): number {
    return this.#made;
  }

  get dropped(): number {
    return this.#queue.dropped + this.#overtaken;
  }

  push(message: JournalMessage): void {
    if (this.#closing !== undefined) return;
    if (message.type === 'start') {
      if (message.epoch !== this.#start?.epoch) this.#pacer.restart();
      this.#start = message;
    }
    this.#queue.push(message);
    this.#on.work();
  }

  video(codec: VideoCodec): PreviewVideo {
    const known = this.#videos.get(codec);
    if (known) return known;
    const video = new CodedVideo(this.#shown, {
      ...this.#coding,
      ...this.#pace,
      ...this.#codingEvents,
      codec,
    });
    this.#videos.set(codec, video);
    return video;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The next message for the thread, which owns its fate from then on. */
  take(): JournalMessage | undefined {
    return this.#closing === undefined ? this.#queue.shift() : undefined;
  }

  /** Takes the pictures that a message gave. */
  give(pictures: readonly ShownPicture[]): void {
    if (this.#closing !== undefined) return;
    this.#made += pictures.length;
    this.#pacer.push(pictures);
  }

  /** The message gave no pictures, or the thread forgot its state: nothing can be made before the next keyframe. */
  lose(message: JournalMessage | undefined): void {
    if (message !== undefined) this.#overtaken += picturesOf(message);
    this.#queue.breakChain();
  }

  /** The start message in force: what a new thread must be told first. */
  get start(): StartMessage | undefined {
    return this.#start;
  }

  get #codingEvents() {
    return {
      latest: () => this.#latest,
      onFault: (fault: unknown) => this.#on.fault(fault),
      onRelease: (release: Promise<void>) => {
        const released = release
          .catch((fault: unknown) => this.#on.fault(fault))
          .finally(() => this.#releases.delete(released));
        this.#releases.add(released);
      },
    };
  }

  async #close(): Promise<void> {
    this.#pacer.close();
    this.#shown.complete();
    await this.#on.close();
    await Promise.all(this.#releases);
  }
}
