import type { MessagePort } from 'node:worker_threads';
import type { JournalMessage } from '../../client-sdk/protocol/messages.ts';
import { Reconstructor } from '../../client-sdk/reconstruct/index.ts';
import type { PictureSize } from '../codec/rgb-to-yuv.ts';
import { positionsIn } from '../models/grid-ladder.ts';
import { createOnnxDetokenizer, type OnnxDetokenizer } from '../models/onnx-detokenizer.ts';
import type { PackGraphs } from '../models/onnx-session.ts';
import { serveThread, type ThreadService } from '../models/serve-thread.ts';
import type { WorkerThread } from '../models/worker-thread.ts';
import type { ShownPicture } from './preview.ts';
import { quantizeMotion } from './quantize-motion.ts';

/** What the preview thread is started with, as its `workerData`. */
export interface PreviewSetup {
  readonly pack: PackGraphs;
  readonly threads: number;
  readonly provider: string;
}

/** One message of one stream, or the end of a stream's preview. */
export type PreviewTask =
  | { readonly type: 'message'; readonly stream: number; readonly message: JournalMessage }
  | { readonly type: 'forget'; readonly stream: number };

/** The preview thread seen from outside. */
export type PreviewThread = WorkerThread<null, PreviewTask, readonly ShownPicture[]>;

/** The widest preview, px: a stream may claim any aspect. */
const MAX_WIDTH_PX = 1024;

/** What one stream's reconstruction keeps from message to message. */
interface StreamState {
  readonly reconstructor: Reconstructor;
  displayAspect: number;
}

/** Size of a preview: the height of the pack's keyframe, the width of the display aspect, even. */
export const previewSize = (heightPx: number, displayAspect: number): PictureSize => ({
  widthPx: Math.min(MAX_WIDTH_PX, Math.max(16, 2 * Math.round((heightPx * displayAspect) / 2))),
  heightPx,
});

/** Opens a pack's decoders, warms them, then turns messages into pictures until told to close. */
export const servePreview = (port: MessagePort, setup: PreviewSetup): Promise<void> =>
  serveThread(port, async (): Promise<ThreadService<null, PreviewTask, readonly ShownPicture[]>> => {
    const detokenizer = await createOnnxDetokenizer(setup.pack, setup);
    await warmUp(detokenizer, setup.pack);
    const streams = new Map<number, StreamState>();
    return {
      ready: null,
      run: async (task) => {
        if (task.type === 'forget') {
          streams.delete(task.stream);
          return { result: [], transfer: [] };
        }
        let state = streams.get(task.stream);
        if (state === undefined) {
          state = { reconstructor: Reconstructor.create({ detokenizer }), displayAspect: 1 };
          streams.set(task.stream, state);
        }
        const result = await makePictures(state, task.message, setup.pack);
        return { result, transfer: [...new Set(result.map(({ rgb }) => rgb.buffer as ArrayBuffer))] };
      },
      [Symbol.asyncDispose]: () => detokenizer[Symbol.asyncDispose](),
    };
  });

async function makePictures(
  state: StreamState,
  message: JournalMessage,
  { manifest }: PackGraphs,
): Promise<readonly ShownPicture[]> {
  if (message.type === 'start') state.displayAspect = message.displayAspect;
  const size = previewSize(manifest.visual.height, state.displayAspect);
  // The reconstructor keeps its pictures, so copies are given away: one of those that a still stretch shares.
  const copies = new Map<Uint8Array, Uint8Array>();
  const copyOf = (rgb: Uint8Array): Uint8Array => {
    const copy = copies.get(rgb) ?? new Uint8Array(rgb);
    copies.set(rgb, copy);
    return copy;
  };
  const pictures = await state.reconstructor.push(message);
  return pictures.map(({ pts, rgb, motion }) => ({
    pts,
    ...size,
    rgb: copyOf(rgb),
    motion: motion && quantizeMotion(motion, manifest.motion),
  }));
}

/** The first run of a graph takes several times as long as the others. */
async function warmUp(detokenizer: OnnxDetokenizer, { manifest }: PackGraphs): Promise<void> {
  const { visual } = detokenizer.geometry;
  for (const grid of visual.ladder ?? [visual])
    await detokenizer.decodeKeyframe(new Uint32Array(positionsIn(grid)), { grid });
  const ids = new Uint32Array(manifest.motion.tokensPerChunk);
  await detokenizer.decodeMotion(ids, { previousIds: ids });
}
