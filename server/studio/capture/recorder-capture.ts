import { ByteQueue } from './byte-queue.ts';
import type { Capture, CaptureOptions } from './h264-capture.ts';
import { readPictures } from './picture-source.ts';

const TYPES = ['video/webm;codecs=vp8', 'video/webm;codecs=vp9', 'video/webm', 'video/mp4'];
const TIMESLICE_MS = 100;
const KEYFRAME_EVERY_MS = 1000;
const QUEUE_BYTES = 16 * 2 ** 20;

/**
 * Records a camera by MediaRecorder, for browsers that encode no H.264. A recorder writes whole clusters, so the bytes
 * come seconds later. `undefined` where the browser has no recorder either.
 */
export function captureByRecorder(
  media: MediaStream,
  track: MediaStreamTrack,
  view: HTMLVideoElement,
  options: CaptureOptions,
): Capture | undefined {
  if (typeof MediaRecorder === 'undefined') return undefined;
  const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
  if (mimeType === undefined) return undefined;
  const queue = new ByteQueue({ capacityBytes: QUEUE_BYTES });
  const settings: MediaRecorderOptions & { videoKeyFrameIntervalDuration: number } = {
    mimeType,
    videoKeyFrameIntervalDuration: KEYFRAME_EVERY_MS,
  };
  const recorder = new MediaRecorder(media, settings);
  forward(recorder, queue);
  options.signal.addEventListener('abort', () => recorder.state !== 'inactive' && recorder.stop(), {
    once: true,
  });
  recorder.start(TIMESLICE_MS);
  watch(track, view, options).catch((error: unknown) => queue.fail(error));
  return {
    bytes: queue,
    description: `${mimeType}, MediaRecorder: this browser offers no H.264 encoder, so pictures arrive seconds late`,
    clock: 'near',
    get dropped() {
      return queue.dropped;
    },
  };
}

/** Blobs are read one after another: each arrives as a promise, and their order is that of the file. */
function forward(recorder: MediaRecorder, queue: ByteQueue): void {
  let reading = Promise.resolve();
  recorder.addEventListener('dataavailable', ({ data }) => {
    reading = reading.then(async () => {
      if (data.size > 0) queue.push({ bytes: new Uint8Array(await data.arrayBuffer()), isKeyframe: true });
    });
    reading.catch((error: unknown) => queue.fail(error));
  });
  recorder.addEventListener('stop', () => {
    reading.then(
      () => queue.end(),
      (error: unknown) => queue.fail(error),
    );
  });
  recorder.addEventListener('error', () => queue.fail(new Error('the recorder failed')));
}

async function watch(
  track: MediaStreamTrack,
  view: HTMLVideoElement,
  options: CaptureOptions,
): Promise<void> {
  let origin: number | undefined;
  for await (const picture of readPictures(track, view, { signal: options.signal })) {
    origin ??= picture.timestamp;
    options.onPicture(picture, picture.timestamp - origin);
    picture.close();
  }
}
