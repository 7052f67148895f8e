import { type Capture, type CaptureOptions, captureH264, findEncoderConfig } from './h264-capture.ts';
import { captureByRecorder } from './recorder-capture.ts';

/** The pack sees 256×256 and a 36×20 grid: more pixels than these cost bandwidth and give nothing. */
const WANTED: MediaTrackConstraints = {
  width: { ideal: 640 },
  height: { ideal: 360 },
  frameRate: { ideal: 30, max: 30 },
  facingMode: 'user',
};

/** An open camera. Whoever opened it closes it. */
export interface Camera {
  readonly media: MediaStream;
  readonly track: MediaStreamTrack;
  close(): void;
}

/** Asks for the camera. Rejects with words for the reader of the page. */
export async function openCamera(): Promise<Camera> {
  // Browsers hide the API from pages that are neither on https nor on localhost.
  if (navigator.mediaDevices === undefined)
    throw new Error('The camera needs https or localhost; this page was loaded over plain http.');
  const media = await navigator.mediaDevices.getUserMedia({ video: WANTED, audio: false }).catch(explain);
  const [track] = media.getVideoTracks();
  if (track === undefined) throw new Error('The camera gave no video track.');
  const close = () => {
    for (const each of media.getTracks()) each.stop();
  };
  return { media, track, close };
}

const REASONS: Readonly<Record<string, string>> = {
  NotAllowedError: 'The browser was not allowed to use the camera.',
  NotFoundError: 'No camera was found.',
  NotReadableError: 'The camera is in use by another program.',
  OverconstrainedError: 'No camera fits the wanted size.',
};

function explain(error: unknown): never {
  const name = error instanceof Error ? error.name : '';
  throw new Error(REASONS[name] ?? `The camera could not be opened: ${String(error)}`, { cause: error });
}

/** Begins to encode a camera, which plays in `view`: H.264 by WebCodecs where the browser has it, else by MediaRecorder. */
export async function captureCamera(
  camera: Camera,
  view: HTMLVideoElement,
  options: CaptureOptions,
): Promise<Capture> {
  const config = await findEncoderConfig(camera.track.getSettings());
  if (config !== undefined) return captureH264(camera.track, view, config, options);
  const recorded = captureByRecorder(camera.media, camera.track, view, options);
  if (recorded === undefined) throw new Error('This browser can neither encode H.264 nor record video.');
  return recorded;
}
