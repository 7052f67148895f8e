/** What a source of raw pictures tells besides them. */
export interface PictureSourceOptions {
  readonly signal: AbortSignal;
}

/** Chromium's way to read a track without an element; the standard one lives in workers only. */
interface TrackProcessor {
  readonly readable: ReadableStream<VideoFrame>;
}
type TrackProcessorClass = new (options: {
  track: MediaStreamTrack;
  maxBufferSize?: number;
}) => TrackProcessor;

const trackProcessorClass = (): TrackProcessorClass | undefined =>
  (globalThis as { MediaStreamTrackProcessor?: TrackProcessorClass }).MediaStreamTrackProcessor;

/**
 * Reads the pictures of a camera track as they are taken, until the track ends or the signal aborts. The consumer owns
 * each picture and closes it; a slow consumer misses pictures, it never delays them.
 */
export function readPictures(
  track: MediaStreamTrack,
  view: HTMLVideoElement,
  options: PictureSourceOptions,
): AsyncGenerator<VideoFrame> {
  const Processor = trackProcessorClass();
  return Processor === undefined
    ? readElement(view, track, options)
    : readTrack(new Processor({ track }), options);
}

async function* readTrack(
  processor: TrackProcessor,
  { signal }: PictureSourceOptions,
): AsyncGenerator<VideoFrame> {
  const reader = processor.readable.getReader();
  const cancel = () => void reader.cancel().catch(() => undefined);
  signal.addEventListener('abort', cancel, { once: true });
  try {
    while (!signal.aborted) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener('abort', cancel);
    cancel();
  }
}

async function* readElement(
  view: HTMLVideoElement,
  track: MediaStreamTrack,
  { signal }: PictureSourceOptions,
): AsyncGenerator<VideoFrame> {
  const ended = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    track.addEventListener('ended', () => resolve(undefined), { once: true });
  });
  while (!signal.aborted && track.readyState === 'live') {
    const shown = new Promise<number>((resolve) => view.requestVideoFrameCallback((nowMs) => resolve(nowMs)));
    const nowMs = await Promise.race([shown, ended]);
    if (nowMs === undefined) return;
    yield new VideoFrame(view, { timestamp: Math.round(nowMs * 1000) });
  }
}
