import type { PublishSummary } from '../../../client-sdk/protocol/summary.ts';
import { captureCamera, openCamera } from '../capture/camera.ts';
import { type FilePace, readFile } from '../capture/file-bytes.ts';
import { RateMeter } from '../meters/rate-meter.ts';
import type { FileWish } from '../page/publish-dialogs.ts';
import { CameraOriginal } from '../playback/camera-original.ts';
import { FileOriginal, fileDurationMs } from '../playback/file-original.ts';
import type { Original } from '../playback/original.ts';
import { CaptureClock } from './capture-clock.ts';
import type { PublishTo, SendOptions } from './feed.ts';

/** Elements in which originals are shown. */
export interface OriginalElements {
  readonly canvas: HTMLCanvasElement;
  readonly video: HTMLVideoElement;
  /** Plays the camera unseen, for browsers that read its pictures from an element only. */
  readonly cameraView: HTMLVideoElement;
}

/** Something that this page publishes. */
export interface Publication {
  readonly stream: string;
  /** Where the original shows: on the canvas or in the video element. */
  readonly surface: 'canvas' | 'video';
  readonly original: Original;
  /** What is sent, in words. */
  readonly description: string;
  /** Media times as the page's clock saw them; `undefined` where bytes say nothing about time. */
  readonly clock: CaptureClock | undefined;
  /** How well `clock` is known. */
  readonly clockQuality: 'exact' | 'near';
  readonly isLive: boolean;
  /** Bytes handed to the socket. */
  readonly sent: RateMeter;
  /** Pictures that this page did not send. */
  readonly dropped: number;
  /** Sends until the source ends or is stopped. Rejects with the server's problem. */
  run(publish: PublishTo, options: Omit<SendOptions, 'delivery'>): Promise<PublishSummary>;
  /** Ends the source; the summary still comes. */
  stop(): void;
}

const SENT_WINDOW_MS = 5000;

/** Prepares a file: paced by its duration where delivery is live and the browser can tell how long it is. */
export async function prepareFile(wish: FileWish, elements: OriginalElements): Promise<Publication> {
  const stopping = new AbortController();
  const sent = new RateMeter({ windowMs: SENT_WINDOW_MS });
  const isLive = wish.delivery === 'live';
  const durationMs = isLive ? await fileDurationMs(wish.file) : undefined;
  const pace: FilePace = durationMs === undefined ? { kind: 'unpaced' } : { kind: 'paced', durationMs };
  const clock = pace.kind === 'paced' ? new CaptureClock() : undefined;
  const delivery = pace.kind === 'paced' ? 'live' : 'complete';
  return {
    stream: wish.stream,
    surface: 'video',
    original: new FileOriginal(elements.video, wish.file),
    description: describeFile(wish, pace),
    clock,
    clockQuality: 'near',
    isLive: delivery === 'live',
    sent,
    dropped: 0,
    run: (publish, options) => {
      const bytes = readFile(wish.file, { pace, signal: stopping.signal });
      const noted = counted(bytes, sent, () => clock?.note(0, performance.now()));
      return publish(noted, { ...options, delivery });
    },
    stop: () => stopping.abort(),
  };
}

function describeFile({ file, delivery }: FileWish, pace: FilePace): string {
  const size = `${file.name}, ${(file.size / 1e6).toFixed(1)} MB`;
  if (pace.kind === 'paced') return `${size}, at its own rate`;
  if (delivery === 'complete') return `${size}, as fast as it is taken`;
  return `${size}, as fast as it is taken: this browser cannot tell how long the file is`;
}

/** Opens the camera and begins to encode it. Rejects with words for the reader of the page. */
export async function prepareCamera(stream: string, elements: OriginalElements): Promise<Publication> {
  const stopping = new AbortController();
  const camera = await openCamera();
  const { canvas, cameraView } = elements;
  const clock = new CaptureClock();
  const original = new CameraOriginal(canvas);
  const sent = new RateMeter({ windowMs: SENT_WINDOW_MS });
  const onPicture = (picture: VideoFrame, ptsUs: number) => {
    clock.note(ptsUs, performance.now());
    original.take(picture, ptsUs);
  };
  const close = () => {
    camera.close();
    cameraView.srcObject = null;
  };
  const capture = await captureCamera(camera, cameraView, { signal: stopping.signal, onPicture }).catch(
    (error: unknown) => {
      close();
      throw error;
    },
  );
  return {
    stream,
    surface: 'canvas',
    original,
    description: capture.description,
    clock,
    clockQuality: capture.clock,
    isLive: true,
    sent,
    get dropped() {
      return capture.dropped;
    },
    run: (publish, options) =>
      publish(counted(capture.bytes, sent), { ...options, delivery: 'live' }).finally(close),
    stop: () => {
      stopping.abort();
      close();
    },
  };
}

async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  meter: RateMeter,
  onFirst?: () => void,
): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const piece of bytes) {
    if (isFirst) onFirst?.();
    isFirst = false;
    meter.add(piece.length, performance.now());
    yield piece;
  }
}
