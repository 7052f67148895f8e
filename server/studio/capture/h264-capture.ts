import { micros } from '../../../client-sdk/protocol/units.ts';
import { ByteQueue } from './byte-queue.ts';
import { MpegTsMuxer } from './mpeg-ts-muxer.ts';
import { readPictures } from './picture-source.ts';

/** Constrained Baseline first: one reference, no reordering, so that the vectors can be used as they are. */
const CODECS = ['avc1.42e01f', 'avc1.42001f', 'avc1.4d001f', 'avc1.42e028', 'avc1.42e02a'];
const KEYFRAME_EVERY_US = 2_000_000;
/** Pictures inside the encoder above which new ones are passed over. */
const MAX_ENCODER_QUEUE = 3;
const QUEUE_BYTES = 2 * 2 ** 20;
const BITS_PER_PIXEL = 0.1;
const MIN_BITRATE = 400_000;

/** A running capture: its bytes, and what a viewer needs to show the same pictures beside them. */
export interface Capture {
  /** MPEG-TS or WebM, for one reader. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** What is sent, in words. */
  readonly description: string;
  /** Whether media times are those of the pictures (`exact`) or only near them. */
  readonly clock: 'exact' | 'near';
  /** Pictures that were passed over because the encoder or the network was behind. */
  readonly dropped: number;
}

/** What a capture calls for each picture that it takes: the borrowed picture and its media time, µs from the first. */
export type OnPicture = (picture: VideoFrame, ptsUs: number) => void;

export interface CaptureOptions {
  readonly signal: AbortSignal;
  readonly onPicture: OnPicture;
}

/** The encoder settings that this browser supports for a track, or `undefined` if it encodes no H.264. */
export async function findEncoderConfig(
  settings: MediaTrackSettings,
): Promise<VideoEncoderConfig | undefined> {
  if (typeof VideoEncoder === 'undefined') return undefined;
  const width = even(settings.width ?? 640);
  const height = even(settings.height ?? 360);
  const framerate = settings.frameRate ?? 30;
  const bitrate = Math.max(MIN_BITRATE, Math.round(width * height * framerate * BITS_PER_PIXEL));
  for (const codec of CODECS) {
    const config: VideoEncoderConfig = {
      codec,
      width,
      height,
      framerate,
      bitrate,
      latencyMode: 'realtime',
      avc: { format: 'annexb' },
    };
    const { supported } = await VideoEncoder.isConfigSupported(config);
    if (supported === true) return config;
  }
  return undefined;
}

/** Encodes a camera's pictures as H.264 and wraps them in MPEG-TS with the times at which they were taken. */
export function captureH264(
  track: MediaStreamTrack,
  view: HTMLVideoElement,
  config: VideoEncoderConfig,
  options: CaptureOptions,
): Capture {
  const queue = new ByteQueue({ capacityBytes: QUEUE_BYTES });
  const muxer = new MpegTsMuxer();
  let passedOver = 0;
  const encoder = new VideoEncoder({
    output: (chunk) => {
      const data = new Uint8Array(chunk.byteLength);
      chunk.copyTo(data);
      const isKeyframe = chunk.type === 'key';
      queue.push({ bytes: muxer.mux({ data, pts: micros(chunk.timestamp), isKeyframe }), isKeyframe });
    },
    error: (error) => queue.fail(error),
  });
  encoder.configure(config);
  const isBehind = () => encoder.encodeQueueSize > MAX_ENCODER_QUEUE;
  const run = async () => {
    let origin: number | undefined;
    let lastKeyframe = Number.NEGATIVE_INFINITY;
    for await (const picture of readPictures(track, view, { signal: options.signal })) {
      if (encoder.state !== 'configured') {
        picture.close();
        return;
      }
      origin ??= picture.timestamp;
      const pts = picture.timestamp - origin;
      if (isBehind()) passedOver++;
      else {
        const keyFrame = pts - lastKeyframe >= KEYFRAME_EVERY_US || queue.needsKeyframe;
        if (keyFrame) lastKeyframe = pts;
        options.onPicture(picture, pts);
        encoder.encode(picture, { keyFrame });
      }
      picture.close();
    }
    await encoder.flush();
    encoder.close();
    queue.end();
  };
  run().catch((error: unknown) => queue.fail(error));
  return {
    bytes: queue,
    description: `H.264 ${config.codec} ${config.width}×${config.height} in MPEG-TS, WebCodecs`,
    clock: 'exact',
    get dropped() {
      return passedOver + queue.dropped;
    },
  };
}

const even = (lengthPx: number): number => Math.max(2, lengthPx - (lengthPx % 2));
