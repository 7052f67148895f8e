import type { TokenMessage } from '../../../client-sdk/index.ts';
import type { JournalMessage, StartMessage } from '../../../client-sdk/protocol/messages.ts';
import { RateMeter } from '../meters/rate-meter.ts';
import { TokenMeter } from '../meters/token-meter.ts';
import type { PreviewClockMode } from '../playback/preview-clock.ts';
import { PreviewPlayer } from '../playback/preview-player.ts';
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
  readonly mode: PreviewClockMode;
  /** Shows nothing before `openGate`: what the stream's earlier epochs left is not what this page publishes. */
  readonly isGated: boolean;
  readonly onMessage: (message: JournalMessage) => void;
  readonly onState: (state: ViewingState) => void;
}

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
  #newestUs = -1;
  #start: StartMessage | undefined;
  #state: ViewingState = { kind: 'waiting' };
  #isGated: boolean;
  #epoch: string | undefined;

  constructor(options: ViewingOptions) {
    this.#options = options;
    this.#isGated = options.isGated;
    this.#player = new PreviewPlayer(options.canvas, { mode: options.mode });
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

  [Symbol.dispose](): void {
    this.#stopping.abort();
    this.#player[Symbol.dispose]();
  }

  /** From this epoch on everything is shown. */
  openGate(epoch: string): void {
    this.#epoch = epoch;
  }

  /** Draws what is due; gives the media time of now, µs. */
  tick(nowMs: number): number | undefined {
    const before = this.#player.shownCount;
    const mediaUs = this.#player.tick(nowMs);
    if (this.#player.shownCount > before) this.shown.add(this.#player.shownCount - before, nowMs);
    return mediaUs;
  }

  #follow(onOpened: () => void): void {
    const fail = (error: unknown) => {
      onOpened();
      if (!this.#stopping.signal.aborted) this.#enter({ kind: 'failed', detail: wordsOf(error) });
    };
    this.#followTokens(onOpened).catch(fail);
    this.#followPreview().catch(fail);
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

  async #followPreview(): Promise<void> {
    const { feed, canvas, mode } = this.#options;
    const { signal } = this.#stopping;
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
