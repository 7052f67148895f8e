import type { Original } from './original.ts';

const SEEK_ABOVE_S = 0.35;
const SEEK_EVERY_MS = 700;
const STEER = 0.6;
const MAX_STEER = 0.12;
/** A media time that stands still this long is a wait, in which the original stands still too. */
const STILL_MS = 250;

/** Plays the published file in a video element, steered to the reconstruction's media time. */
export class FileOriginal implements Original {
  readonly #video: HTMLVideoElement;
  readonly #url: string;
  #lastUs = -1;
  #movedAtMs = 0;
  #soughtAtMs = Number.NEGATIVE_INFINITY;

  constructor(video: HTMLVideoElement, file: Blob) {
    this.#video = video;
    this.#url = URL.createObjectURL(file);
    video.src = this.#url;
    video.muted = true;
  }

  /** The browser's player does not know this kind of file. */
  get isBroken(): boolean {
    return this.#video.error !== null;
  }

  show(mediaUs: number): number | undefined {
    const video = this.#video;
    if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return undefined;
    const nowMs = performance.now();
    if (mediaUs !== this.#lastUs) this.#movedAtMs = nowMs;
    this.#lastUs = mediaUs;
    const aheadS = video.currentTime - mediaUs / 1e6;
    if (nowMs - this.#movedAtMs > STILL_MS || video.ended) video.pause();
    else this.#follow(aheadS, nowMs);
    return Math.round(video.currentTime * 1e6);
  }

  [Symbol.dispose](): void {
    const video = this.#video;
    video.pause();
    video.removeAttribute('src');
    video.load();
    URL.revokeObjectURL(this.#url);
  }

  #follow(aheadS: number, nowMs: number): void {
    const video = this.#video;
    if (Math.abs(aheadS) > SEEK_ABOVE_S && nowMs - this.#soughtAtMs > SEEK_EVERY_MS) {
      this.#soughtAtMs = nowMs;
      video.currentTime = Math.min(this.#lastUs / 1e6, video.duration || Number.POSITIVE_INFINITY);
    }
    video.playbackRate = 1 - Math.max(-MAX_STEER, Math.min(MAX_STEER, aheadS * STEER));
    // Rejects when a pause follows at once; the next picture asks again.
    if (video.paused) video.play().catch(() => undefined);
  }
}

/** Duration of a file as the browser's own player reads it, ms; `undefined` where it cannot. */
export async function fileDurationMs(file: Blob): Promise<number | undefined> {
  const url = URL.createObjectURL(file);
  const probe = document.createElement('video');
  try {
    return await new Promise<number | undefined>((resolve) => {
      probe.preload = 'metadata';
      probe.addEventListener('loadedmetadata', () => {
        resolve(Number.isFinite(probe.duration) && probe.duration > 0 ? probe.duration * 1000 : undefined);
      });
      probe.addEventListener('error', () => resolve(undefined));
      probe.src = url;
    });
  } finally {
    URL.revokeObjectURL(url);
  }
}
