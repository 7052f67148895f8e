import type { JournalMessage, MotionMessage, VisualMessage } from '../../client-sdk/protocol/messages.ts';
import type { PublishSummary } from '../../client-sdk/protocol/summary.ts';
import { type OverlayMode, paintMotion } from './motion/motion-overlay.ts';
import type { FileWish } from './page/publish-dialogs.ts';
import { type Notice, noticeOf } from './page/state-words.ts';
import type { Wordmark } from './page/wordmark.ts';
import type { PreviewClockMode } from './playback/preview-clock.ts';
import { CameraPublication, type CameraWish } from './session/camera-publication.ts';
import { type Credentials, connectFeed, type PublishTo, wordsOf } from './session/feed.ts';
import { type OriginalElements, type Publication, prepareFile } from './session/publication.ts';
import type { RoundTrip } from './session/round-trip.ts';
import { Viewing, type ViewingState } from './session/viewing.ts';
import type { GlyphView } from './tape/glyph-view.ts';
import type { TapeView } from './tape/tape-view.ts';

/** The parts of the page that a studio plays on. */
export interface StudioParts {
  readonly originals: OriginalElements;
  readonly preview: HTMLCanvasElement;
  readonly video: HTMLVideoElement;
  readonly motion: HTMLCanvasElement;
  readonly tape: TapeView;
  readonly glyphs: GlyphView;
  readonly wordmark: Wordmark;
  readonly stage: HTMLElement;
  readonly credentials: () => Credentials;
  readonly onNotice: (notice: Notice) => void;
  /** What is watched or published has changed. */
  readonly onChange: () => void;
}

/** Messages that the delay from end to end is taken over. */
const MAX_DELAYS = 60;

/** What the page shows: at most one stream, and at most one publication, which is of that stream. */
export class Studio {
  readonly #parts: StudioParts;
  #stream: string | undefined;
  #viewing: Viewing | undefined;
  #publication: Publication | undefined;
  #isPublishing = false;
  /** Publications that the server still takes; one that was replaced ends a moment after its successor began. */
  readonly #sending = new Set<Publication>();
  #overlay: OverlayMode = 'off';
  #paintedMotion: unknown;
  #shownOriginalUs: number | undefined;
  #endToEndMs: number[] = [];

  constructor(parts: StudioParts) {
    this.#parts = parts;
  }

  get stream(): string | undefined {
    return this.#stream;
  }

  get viewing(): Viewing | undefined {
    return this.#viewing;
  }

  get publication(): Publication | undefined {
    return this.#publication;
  }

  /** Whether the publication is still being sent. */
  get isPublishing(): boolean {
    return this.#isPublishing;
  }

  /** Media time of the original on the screen, µs. */
  get shownOriginalUs(): number | undefined {
    return this.#shownOriginalUs;
  }

  /** Delays from the capture of a message's last picture to its arrival here, ms, newest last. */
  get endToEndMs(): readonly number[] {
    return this.#endToEndMs;
  }

  /** Chooses how motion lies over the picture. */
  set overlay(mode: OverlayMode) {
    this.#overlay = mode;
    this.#paintedMotion = undefined;
    if (this.#viewing) this.#viewing.whyJpeg = this.#whyJpeg;
  }

  /** The newest measurement of the round trip. */
  get roundTrip(): RoundTrip | undefined {
    return this.#publication instanceof CameraPublication ? this.#publication.roundTrip : undefined;
  }

  /** Whether the round trip can be measured now. */
  get canMeasure(): boolean {
    const isVideo = this.#viewing?.way.kind === 'video' && this.#viewing.hasPicture;
    return isVideo && this.#publication instanceof CameraPublication && this.#publication.canMeasure;
  }

  /** Measures the round trip, which is seen as a strip of black and white in the pictures. */
  async measure(): Promise<void> {
    if (this.canMeasure && this.#publication instanceof CameraPublication) await this.#publication.measure();
  }

  /** Follows a stream. Ends what this page published before. */
  watch(stream: string): void {
    this.#endPublication();
    this.#follow(stream, { mode: 'live', isGated: false });
  }

  /** Publishes a file and follows it. */
  async publishFile(wish: FileWish): Promise<void> {
    this.#endPublication();
    this.#begin(await prepareFile(wish, this.#parts.originals));
  }

  /** Publishes the camera and follows it. Rejects where the camera cannot be had. */
  async publishCamera(wish: CameraWish): Promise<void> {
    this.#endPublication();
    this.#begin(await CameraPublication.open(wish, this.#parts.originals));
  }

  /** Ends the publication; its last tokens and pictures still come. */
  stop(): void {
    this.#publication?.stop();
  }

  /** Draws one frame of the page. */
  draw(nowMs: number, options: { isStill: boolean }): void {
    const { tape, glyphs, motion, video } = this.#parts;
    const mediaUs = this.#viewing?.tick(nowMs);
    const shown = this.#viewing?.player.shown;
    if (mediaUs !== undefined)
      this.#shownOriginalUs = this.#publication?.original.show(shown?.ptsUs ?? mediaUs);
    if (this.#viewing?.way.kind === 'video') {
      this.#publication?.original.showAged?.(this.roundTrip?.medianMs ?? 0);
      if (this.#publication instanceof CameraPublication) this.#publication.look(video);
    }
    if (shown !== this.#paintedMotion) paintMotion(motion, shown?.motion, this.#overlay);
    this.#paintedMotion = shown;
    const visual = tape.latestVisual;
    if (visual !== undefined) glyphs.show(visual.mosaic);
    else glyphs.tick(nowMs, options);
    tape.draw(nowMs, options);
  }

  #begin(publication: Publication): void {
    this.#publication = publication;
    this.#isPublishing = true;
    this.#send(publication).then(
      (summary) => this.#onPublished(publication, summary),
      (error: unknown) => this.#onPublishFailed(publication, error),
    );
    this.#parts.onChange();
  }

  async #send(publication: Publication): Promise<PublishSummary | undefined> {
    const mode = publication.isLive ? 'live' : 'whole';
    const { viewing, publish } = this.#follow(publication.stream, { mode, isGated: true });
    const isTakeover = [...this.#sending].some((each) => each.stream === publication.stream);
    this.#sending.add(publication);
    try {
      await viewing.opened;
      return await publication.run(publish, {
        isTakeover,
        onEpoch: (epoch) => viewing.openGate(epoch),
        onNextEpoch: () => viewing.openGateAtNext(),
        onChange: () => this.#parts.onChange(),
      });
    } finally {
      this.#sending.delete(publication);
    }
  }

  #onPublished(publication: Publication, summary: PublishSummary | undefined): void {
    if (publication !== this.#publication) return;
    this.#isPublishing = false;
    if (summary) this.#parts.onNotice({ text: summaryWords(summary), tone: 'good' });
    this.#parts.onChange();
  }

  #onPublishFailed(publication: Publication, error: unknown): void {
    if (publication !== this.#publication) return;
    publication.stop();
    this.#isPublishing = false;
    this.#parts.onNotice({ text: `Publishing failed. ${wordsOf(error)}`, tone: 'problem' });
    this.#parts.onChange();
  }

  #follow(
    stream: string,
    options: { mode: PreviewClockMode; isGated: boolean },
  ): { viewing: Viewing; publish: PublishTo } {
    const { tape, glyphs, preview, video, credentials, onChange } = this.#parts;
    this.#viewing?.[Symbol.dispose]();
    tape.clear();
    glyphs.clear();
    preview.width = 0;
    this.#stream = stream;
    this.#endToEndMs = [];
    const { feed, publish } = connectFeed(stream, credentials());
    const viewing = new Viewing({
      ...options,
      feed,
      canvas: preview,
      video,
      whyJpeg: this.#whyJpeg,
      onMessage: (message) => this.#onMessage(message),
      onState: (state) => this.#onState(state),
    });
    this.#viewing = viewing;
    this.#onState(viewing.state);
    onChange();
    return { viewing, publish };
  }

  #onState(state: ViewingState): void {
    if (this.#stream !== undefined) this.#parts.onNotice(noticeOf(state, this.#stream));
    this.#parts.onChange();
  }

  #onMessage(message: JournalMessage): void {
    this.#parts.tape.add(message);
    if (message.type === 'visual' || message.type === 'motion') {
      this.#parts.wordmark.light(message.ids);
      this.#note(message);
      this.#measure(message.type === 'visual' ? message.pts : message.pts + message.duration);
    }
    if (message.type !== 'start') return;
    this.#parts.stage.style.setProperty('--aspect', String(message.displayAspect));
    this.#parts.onChange();
  }

  /** Why the pictures cannot come as video. */
  get #whyJpeg(): string | undefined {
    if (this.#overlay !== 'off') return 'motion is drawn over them';
    const isFile = this.#publication !== undefined && !(this.#publication instanceof CameraPublication);
    return isFile ? 'they are shown in step with the file' : undefined;
  }

  /** Messages tell when the pictures of a WebRTC publisher were taken, by the clock of this machine. */
  #note({ type, pts, captured }: VisualMessage | MotionMessage): void {
    if (type !== 'visual' || captured === undefined) return;
    if (this.#publication instanceof CameraPublication && this.#publication.isTimedByMessages)
      this.#publication.clock.note(pts, captured - performance.timeOrigin);
  }

  #measure(lastPictureUs: number): void {
    const delayMs = this.#publication?.clock?.ageMs(lastPictureUs, performance.now());
    if (delayMs === undefined) return;
    this.#endToEndMs.push(delayMs);
    if (this.#endToEndMs.length > MAX_DELAYS) this.#endToEndMs.shift();
  }

  #endPublication(): void {
    this.#publication?.stop();
    this.#publication?.original[Symbol.dispose]();
    this.#publication = undefined;
    this.#isPublishing = false;
    this.#shownOriginalUs = undefined;
  }
}

function summaryWords({ accessUnits, messages, durationUs, stream }: PublishSummary): string {
  const seconds = (durationUs / 1e6).toFixed(1);
  const gaps = messages.gap === 0 ? 'no gaps' : `${messages.gap} gaps`;
  return `${stream} is tokenized: ${accessUnits} pictures, ${seconds} s, ${messages.visual} keyframes, ${messages.motion} motion chunks, ${gaps}.`;
}
