import type { TokenMessage } from '../../../client-sdk/index.ts';
import type { JournalMessage, StartMessage } from '../../../client-sdk/protocol/messages.ts';
import { RateMeter } from '../meters/rate-meter.ts';
import { TokenMeter } from '../meters/token-meter.ts';
import type { PreviewClockMode } from '../playback/preview-clock.ts';
import { PreviewPlayer } from '../playback/preview-player.ts';
import { VideoPlayer } from '../playback/video-player.ts';
import { type Feed, wordsOf } from './feed.ts';

/** Where a viewing stands. */
export type ViewingState =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'reconnecting' }
  | { readonly kind: 'ended'; readonly reason: string }
  | { readonly kind: 'failed'; readonly detail: string };

export interface ViewingOptions {
  readonly feed: Feed;
  readonly canvas: HTMLCanvasElement;
  readonly video: HTMLVideoElement;
  /** Why the pictures come as JPEGs in any case; `undefined` where video is wanted. */
  readonly whyJpeg: string | undefined;
  readonly mode: PreviewClockMode;
  /** Shows nothing before `openGate`: what the stream's earlier epochs left is not what this page publishes. */
  readonly isGated: boolean;
  readonly onMessage: (message: JournalMessage) => void;
  readonly onState: (state: ViewingState) => void;
}

/** How the pictures come. */
export type PictureWay = { readonly kind: 'video' } | { readonly kind: 'jpeg'; readonly why: string };

const SHOWN_WINDOW_MS = 3000;

/** Follows a stream's tokens and its reconstruction until it is disposed of. */
export class Viewing implements Disposable {
  readonly meter = new TokenMeter();
  readonly shown = new RateMeter({ windowMs: SHOWN_WINDOW_MS });
  /** Resolves when the tokens can be read, or never will be. */
  readonly opened: Promise<void>;
  readonly #options: ViewingOptions;
  readonly #stopping = new AbortController();
  #player: PreviewPlayer;
  #videoPlayer: VideoPlayer | undefined;
  #way: PictureWay;
  /** Ends the pictures' present way. */
  #leaving = new AbortController();
  #newestUs = -1;
  #start: StartMessage | undefined;
  #countedPictures = 0;
  #state: ViewingState = { kind: 'waiting' };
  #isGated: boolean;
  #epoch: string | 'next' | undefined;

  constructor(options: ViewingOptions) {
    this.#options = options;
    this.#isGated = options.isGated;
    this.#player = new PreviewPlayer(options.canvas, { mode: options.mode });
    this.#way = wayOf(options.whyJpeg);
    this.opened = new Promise((resolve) => this.#follow(resolve));
  }

  /** The `start` in force. */
  get start(): StartMessage | undefined {
    return this.#start;
  }

  get state(): ViewingState {
    return this.#state;
  }

  get player(): PreviewPlayer {
    return this.#player;
  }

  /** How the pictures come. */
  get way(): PictureWay {
    return this.#way;
  }

  /** Whether a picture can be seen. */
  get hasPicture(): boolean {
    if (this.#isGated) return false;
    return this.#way.kind === 'video'
      ? (this.#videoPlayer?.shownCount ?? 0) > 0
      : this.#player.shown !== undefined;
  }

  /** Has the pictures come as JPEGs, for a reason, or as video again. */
  set whyJpeg(why: string | undefined) {
    if ((why === undefined) === (this.#way.kind === 'video')) return;
    this.#way = wayOf(why ?? this.#options.whyJpeg);
    this.#showPictures();
  }

  [Symbol.dispose](): void {
    this.#stopping.abort();
    this.#leaving.abort();
    this.#player[Symbol.dispose]();
    this.#videoPlayer?.[Symbol.dispose]();
  }

  /** From this epoch on everything is shown. */
  openGate(epoch: string): void {
    this.#epoch = epoch;
  }

  /** From the epoch that begins next on everything is shown. */
  openGateAtNext(): void {
    this.#epoch = 'next';
  }

  /** Draws what is due; gives the media time of now, µs. */
  tick(nowMs: number): number | undefined {
    const mediaUs = this.#way.kind === 'video' ? undefined : this.#player.tick(nowMs);
    const shownCount = this.#player.shownCount + (this.#videoPlayer?.shownCount ?? 0);
    if (shownCount > this.#countedPictures) this.shown.add(shownCount - this.#countedPictures, nowMs);
    this.#countedPictures = shownCount;
    return mediaUs;
  }

  #follow(onOpened: () => void): void {
    this.#followTokens(onOpened).catch((error: unknown) => {
      onOpened();
      this.#fail(error);
    });
    this.#showPictures();
  }

  #fail(error: unknown): void {
    if (!this.#stopping.signal.aborted) this.#enter({ kind: 'failed', detail: wordsOf(error) });
  }

  #showPictures(): void {
    this.#leaving.abort();
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    this.#videoPlayer?.[Symbol.dispose]();
    this.#videoPlayer = undefined;
    this.#player[Symbol.dispose]();
    this.#player = new PreviewPlayer(this.#options.canvas, { mode: this.#options.mode });
    this.#newestUs = -1;
    this.#countedPictures = 0;
    const done = this.#way.kind === 'video' ? this.#followVideo(signal) : this.#followPreview(signal);
    done.catch((error: unknown) => signal.aborted || this.#fail(error));
  }

  async #followVideo(signal: AbortSignal): Promise<void> {
    const fallBack = (reason: unknown) => {
      if (!signal.aborted) this.whyJpeg = `WebRTC was not to be had (${wordsOf(reason)})`;
    };
    const onState = (state: string, reason?: unknown) => state === 'closed' && fallBack(reason);
    try {
      const media = await this.#options.feed.video({ signal, onState });
      this.#videoPlayer = new VideoPlayer(this.#options.video, media);
    } catch (error) {
      fallBack(error);
    }
  }

  async #followTokens(onOpened: () => void): Promise<void> {
    const onState = (state: string) => {
      if (state === 'open') onOpened();
      if (state === 'reconnecting') this.#enter({ kind: 'reconnecting' });
      if (state === 'open' && this.#state.kind === 'reconnecting') this.#enter({ kind: 'waiting' });
    };
    const { signal } = this.#stopping;
    for await (const message of this.#options.feed.tokens({ signal, onState })) this.#take(message);
  }

  async #followPreview(signal: AbortSignal): Promise<void> {
    const { feed, canvas, mode } = this.#options;
    for await (const picture of feed.preview({ signal, onState: () => undefined })) {
      if (this.#isGated) continue;
      // A new epoch starts its media time anew.
      if (picture.ptsUs < this.#newestUs) {
        this.#player[Symbol.dispose]();
        this.#player = new PreviewPlayer(canvas, { mode });
      }
      this.#newestUs = picture.ptsUs;
      this.#player.push(picture, performance.now());
    }
  }

  #take(message: TokenMessage): void {
    if (message.type === 'skip') return;
    if (this.#epoch === 'next' && message.type === 'start' && message.seq === 0 && !message.replay)
      this.#epoch = message.epoch;
    if (this.#isGated && message.epoch !== this.#epoch) return;
    this.#isGated = false;
    if (message.type === 'start') this.#start = message;
    this.meter.add(message);
    this.#enter(message.type === 'end' ? { kind: 'ended', reason: message.reason } : { kind: 'live' });
    this.#options.onMessage(message);
  }

  #enter(state: ViewingState): void {
    if (state.kind === this.#state.kind && state.kind === 'live') return;
    this.#state = state;
    this.#options.onState(state);
  }
}

const wayOf = (whyJpeg: string | undefined): PictureWay =>
  whyJpeg === undefined ? { kind: 'video' } : { kind: 'jpeg', why: whyJpeg };
