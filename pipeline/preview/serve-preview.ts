import type { MessagePort } from 'node:worker_threads';
import type { JournalMessage } from '../../client-sdk/protocol/messages.ts';
import type { PreviewMotion } from '../../client-sdk/protocol/preview-frame.ts';
import type { Micros } from '../../client-sdk/protocol/units.ts';
import { Reconstructor } from '../../client-sdk/reconstruct/index.ts';
import { type JpegEncoder, openJpegEncoder } from '../codec/jpeg-encoder.ts';
import { createOnnxDetokenizer, type OnnxDetokenizer } from '../models/onnx-detokenizer.ts';
import type { PackGraphs } from '../models/onnx-session.ts';
import { serveThread, type ThreadService } from '../models/serve-thread.ts';
import type { WorkerThread } from '../models/worker-thread.ts';
import { quantizeMotion } from './quantize-motion.ts';

/** What the preview thread is started with, as its `workerData`. */
export interface PreviewSetup {
  readonly pack: PackGraphs;
  readonly threads: number;
  readonly provider: string;
  /** JPEG quality, 1 (best) to 31. */
  readonly quantizer: number;
  /** Also give the pictures before coding. */
  readonly withRgb: boolean;
}

/** One message of one stream, or the end of a stream's preview. */
export type PreviewTask =
  | { readonly type: 'message'; readonly stream: number; readonly message: JournalMessage }
  | { readonly type: 'forget'; readonly stream: number };

/** A picture that left the preview thread. */
export interface ThreadPicture {
  readonly pts: Micros;
  readonly jpeg: Uint8Array<ArrayBuffer>;
  /** Size of the JPEG, px. */
  readonly widthPx: number;
  readonly heightPx: number;
  readonly motion?: PreviewMotion | undefined;
  /** uint8 [height, width, 3], RGB, at the pack's size. */
  readonly rgb?: Uint8Array<ArrayBuffer> | undefined;
}

/** The preview thread seen from outside. */
export type PreviewThread = WorkerThread<null, PreviewTask, readonly ThreadPicture[]>;

/** The widest preview, px: a stream may claim any aspect. */
const MAX_WIDTH_PX = 1024;

/** What one stream's reconstruction keeps from message to message. */
interface StreamState {
  readonly reconstructor: Reconstructor;
  displayAspect: number;
  jpeg: JpegEncoder | undefined;
}

/** Size of a preview: the height of the pack's keyframe, the width of the display aspect, even. */
export const previewSize = (
  heightPx: number,
  displayAspect: number,
): { widthPx: number; heightPx: number } => ({
  widthPx: Math.min(MAX_WIDTH_PX, Math.max(16, 2 * Math.round((heightPx * displayAspect) / 2))),
  heightPx,
});

/** Opens a pack's decoders, warms them, then turns messages into pictures until told to close. */
export const servePreview = (port: MessagePort, setup: PreviewSetup): Promise<void> =>
  serveThread(port, async (): Promise<ThreadService<null, PreviewTask, readonly ThreadPicture[]>> => {
    const detokenizer = await createOnnxDetokenizer(setup.pack, setup);
    await warmUp(detokenizer, setup.pack);
    const streams = new Map<number, StreamState>();
    return {
      ready: null,
      run: async (task) => {
        if (task.type === 'forget') {
          streams.get(task.stream)?.jpeg?.[Symbol.dispose]();
          streams.delete(task.stream);
          return { result: [], transfer: [] };
        }
        let state = streams.get(task.stream);
        if (state === undefined) {
          state = { reconstructor: Reconstructor.create({ detokenizer }), displayAspect: 1, jpeg: undefined };
          streams.set(task.stream, state);
        }
        const result = await makePictures(state, task.message, setup);
        return { result, transfer: result.flatMap(buffersOf) };
      },
      [Symbol.asyncDispose]: async () => {
        for (const { jpeg } of streams.values()) jpeg?.[Symbol.dispose]();
        await detokenizer[Symbol.asyncDispose]();
      },
    };
  });

async function makePictures(
  state: StreamState,
  message: JournalMessage,
  setup: PreviewSetup,
): Promise<readonly ThreadPicture[]> {
  if (message.type === 'start' && message.displayAspect !== state.displayAspect) {
    state.displayAspect = message.displayAspect;
    state.jpeg?.[Symbol.dispose]();
    state.jpeg = undefined;
  }
  const { width, height } = setup.pack.manifest.visual;
  const size = previewSize(height, state.displayAspect);
  const pictures: ThreadPicture[] = [];
  for (const { pts, rgb, motion } of await state.reconstructor.push(message)) {
    state.jpeg ??= openJpegEncoder({
      source: { widthPx: width, heightPx: height },
      target: size,
      quantizer: setup.quantizer,
    });
    const jpeg = state.jpeg.encode(rgb);
    pictures.push({
      pts,
      jpeg,
      ...size,
      motion: motion && quantizeMotion(motion, setup.pack.manifest.motion),
      rgb: setup.withRgb ? new Uint8Array(rgb) : undefined,
    });
  }
  return pictures;
}

/** The first run of a graph takes several times as long as the others. */
async function warmUp(detokenizer: OnnxDetokenizer, { manifest }: PackGraphs): Promise<void> {
  await detokenizer.decodeKeyframe(new Uint32Array(manifest.visual.columns * manifest.visual.rows));
  await detokenizer.decodeMotion(new Uint32Array(manifest.motion.tokensPerChunk));
}

const buffersOf = ({ jpeg, rgb }: ThreadPicture): ArrayBuffer[] =>
  rgb === undefined ? [jpeg.buffer] : [jpeg.buffer, rgb.buffer];
