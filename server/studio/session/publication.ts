import type { PublishSummary } from '../../../client-sdk/protocol/summary.ts';
import { type FilePace, readFile } from '../capture/file-bytes.ts';
import type { FileWish } from '../page/publish-dialogs.ts';
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
  /** How a camera is sent and, where that is not by WebRTC, why; in words. */
  readonly transport?: string | undefined;
  /** Media times as the page's clock saw them; `undefined` where bytes say nothing about time. */
  readonly clock: CaptureClock | undefined;
  /** How well `clock` is known. */
  readonly clockQuality: 'exact' | 'near';
  readonly isLive: boolean;
  /** Pictures that this page did not send. */
  readonly dropped: number;
  /** Sends until the source ends or is stopped. Rejects with the server's problem. */
  run(send: PublishTo, options: RunOptions): Promise<PublishSummary | undefined>;
  /** Ends the source; the summary, where there will be one, still comes. */
  stop(): void;
}

export interface RunOptions extends Omit<SendOptions, 'delivery'> {
  /** The epoch that begins next will be this publication's. */
  readonly onNextEpoch: () => void;
  /** How it is sent is known now, or is another way. */
  readonly onChange: () => void;
}

/** Prepares a file: paced by its duration where delivery is live and the browser can tell how long it is. */
export async function prepareFile(wish: FileWish, elements: OriginalElements): Promise<Publication> {
  const stopping = new AbortController();
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
    dropped: 0,
    run: (send, options) => {
      const bytes = readFile(wish.file, { pace, signal: stopping.signal });
      const noted = onFirst(bytes, () => clock?.note(0, performance.now()));
      return send.sendBytes(noted, { ...options, delivery });
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

async function* onFirst(bytes: AsyncIterable<Uint8Array>, call: () => void): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const piece of bytes) {
    if (isFirst) call();
    isFirst = false;
    yield piece;
  }
}
