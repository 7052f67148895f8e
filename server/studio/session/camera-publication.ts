import { KinoglyphError, type MediaPublication, type VideoCodecName } from '../../../client-sdk/index.ts';
import type { PublishSummary } from '../../../client-sdk/protocol/summary.ts';
import { type Camera, captureCamera, openCamera } from '../capture/camera.ts';
import type { Capture } from '../capture/h264-capture.ts';
import { readPictures } from '../capture/picture-source.ts';
import { CameraOriginal } from '../playback/camera-original.ts';
import type { Original } from '../playback/original.ts';
import { CaptureClock } from './capture-clock.ts';
import { type PublishTo, wordsOf } from './feed.ts';
import type { OriginalElements, Publication, RunOptions } from './publication.ts';
import { RoundTrip } from './round-trip.ts';

/** What the reader of the page wants of the camera. */
export interface CameraWish {
  readonly stream: string;
  readonly codec: VideoCodecName;
}

/** Refusals that a WebSocket would meet as well. */
const FINAL = [
  'stream-busy',
  'unauthorized',
  'forbidden',
  'foreign-origin',
  'invalid-stream-name',
  'overloaded',
];

/** The camera, sent over WebRTC, or over a WebSocket where that is not to be had. */
export class CameraPublication implements Publication {
  readonly surface = 'canvas';
  readonly original: Original;
  readonly clock = new CaptureClock();
  readonly isLive = true;
  readonly #wish: CameraWish;
  readonly #camera: Camera;
  readonly #view: HTMLVideoElement;
  readonly #pictures: CameraOriginal;
  readonly #stopping = new AbortController();
  #link: MediaPublication | undefined;
  #capture: Capture | undefined;
  /** Why the camera does not go over WebRTC. */
  #refusal: string | undefined;
  #roundTrip: RoundTrip | undefined;

  private constructor(wish: CameraWish, camera: Camera, { canvas, cameraView }: OriginalElements) {
    this.#wish = wish;
    this.#camera = camera;
    this.#view = cameraView;
    this.#pictures = new CameraOriginal(canvas);
    this.original = {
      isBroken: false,
      show: (mediaUs) => this.#show(mediaUs),
      showAged: (ageMs) => void this.#pictures.show((performance.now() - ageMs) * 1000),
      [Symbol.dispose]: () => this.#pictures[Symbol.dispose](),
    };
  }

  /** Opens the camera. Rejects with words for the reader of the page. */
  static async open(wish: CameraWish, elements: OriginalElements): Promise<CameraPublication> {
    const camera = await openCamera();
    elements.cameraView.srcObject = camera.media;
    await elements.cameraView.play();
    return new CameraPublication(wish, camera, elements);
  }

  get stream(): string {
    return this.#wish.stream;
  }

  get transport(): string {
    if (this.#link) return `${this.#wish.codec.toUpperCase()} over WebRTC`;
    return this.#capture ? `over a WebSocket: ${this.#refusal}` : 'connecting …';
  }

  get description(): string {
    const { width, height } = this.#camera.track.getSettings();
    if (this.#link) return `camera ${width}×${height}, ${this.transport}`;
    return this.#capture ? `${this.#capture.description}, ${this.transport}` : this.transport;
  }

  get clockQuality(): 'exact' | 'near' {
    return this.#capture?.clock ?? 'exact';
  }

  get dropped(): number {
    return this.#capture?.dropped ?? 0;
  }

  /** Whether media times are told by messages rather than by the pictures that were sent. */
  get isTimedByMessages(): boolean {
    return this.#link !== undefined;
  }

  get roundTrip(): RoundTrip | undefined {
    return this.#roundTrip;
  }

  /** Whether the round trip can be measured now: it wants a connection on which the pictures can be exchanged. */
  get canMeasure(): boolean {
    return this.#link?.state === 'connected' && this.#roundTrip?.state.isRunning !== true;
  }

  async run(send: PublishTo, options: RunOptions): Promise<PublishSummary | undefined> {
    try {
      if (await this.#runWebRtc(send, options)) return undefined;
      return await this.#runSocket(send, options);
    } finally {
      this.#close();
    }
  }

  stop(): void {
    this.#stopping.abort();
    this.#close();
  }

  /** Sends numbered pictures until `look` has read enough of them. */
  async measure(): Promise<void> {
    if (!this.canMeasure) return;
    this.#roundTrip = new RoundTrip(this.#camera.track.getSettings());
    await this.#link?.replaceTrack(this.#roundTrip.track);
  }

  /** Looks for numbers in the returning video, while there is a measurement. */
  look(video: HTMLVideoElement): void {
    const roundTrip = this.#roundTrip;
    if (!roundTrip?.state.isRunning || roundTrip.look(video)) return;
    const back = this.#link?.replaceTrack(this.#camera.track) ?? Promise.resolve();
    roundTrip[Symbol.dispose]();
    // Fails where the publication has just ended.
    back.catch(() => undefined);
  }

  /** Whether WebRTC did it, to the end. */
  async #runWebRtc(
    { sendMedia }: PublishTo,
    { isTakeover, onNextEpoch, onChange }: RunOptions,
  ): Promise<boolean> {
    const { signal } = this.#stopping;
    try {
      onNextEpoch();
      this.#link = await sendMedia(this.#camera.media, {
        codec: this.#wish.codec,
        takeover: isTakeover,
        signal,
      });
    } catch (error) {
      if (signal.aborted) return true;
      if (error instanceof KinoglyphError && FINAL.includes(error.code)) throw error;
      this.#refusal = `WebRTC was not to be had (${wordsOf(error)})`;
      return false;
    }
    onChange();
    this.#readCamera().catch(() => this.stop());
    await this.#link.closed.catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    return true;
  }

  async #runSocket({ sendBytes }: PublishTo, options: RunOptions): Promise<PublishSummary> {
    const { signal } = this.#stopping;
    const onPicture = (picture: VideoFrame, ptsUs: number): void => {
      this.clock.note(ptsUs, performance.now());
      this.#pictures.take(picture, ptsUs);
    };
    this.#capture = await captureCamera(this.#camera, this.#view, { signal, onPicture });
    options.onChange();
    return await sendBytes(this.#capture.bytes, { ...options, delivery: 'live' });
  }

  async #readCamera(): Promise<void> {
    const { signal } = this.#stopping;
    for await (const picture of readPictures(this.#camera.track, this.#view, { signal })) {
      this.#pictures.take(picture, performance.now() * 1000);
      this.#roundTrip?.paint(picture);
      picture.close();
    }
  }

  /** Over WebRTC the pictures are kept by the page's clock. */
  #show(mediaUs: number): number | undefined {
    if (!this.isTimedByMessages) return this.#pictures.show(mediaUs);
    const nowMs = performance.now();
    const ageMs = this.clock.ageMs(mediaUs, nowMs) ?? 0;
    const shownUs = this.#pictures.show((nowMs - ageMs) * 1000);
    return shownUs === undefined ? undefined : shownUs - (nowMs - ageMs) * 1000 + mediaUs;
  }

  #close(): void {
    this.#roundTrip?.[Symbol.dispose]();
    this.#camera.close();
    this.#view.srcObject = null;
  }
}
