/** One message of each type that carries tokens, as a server sends it; tests change what they care for. */
import type { MotionMessage, StartMessage, VisualMessage } from '../../client-sdk/protocol/messages.ts';

/** The epoch of messages that name no other. */
export const EPOCH = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

/** A `start` of a pack with the paper's grids. */
export const startMessage = (over: Partial<StartMessage> = {}): StartMessage => ({
  type: 'start',
  v: 1,
  stream: 'test',
  epoch: EPOCH,
  seq: 0,
  pack: { name: 'tiny', version: '1.0.0', sha256: 'ab'.repeat(32) },
  codec: 'h264',
  width: 1280,
  height: 720,
  displayAspect: 16 / 9,
  motionSource: 'bitstream',
  motionFps: 12,
  layout: {
    visual: { columns: 16, rows: 16, codebookSize: 4096, dynamic: false },
    motion: { columns: 36, rows: 20, fieldsPerChunk: 8, tokensPerChunk: 45, codebookSize: 1024 },
    llm: {
      text: 32_000,
      imageStart: 32_000,
      imageEnd: 32_001,
      visualOffset: 32_002,
      motionStart: 36_098,
      motionEnd: 36_099,
      motionOffset: 36_100,
    },
  },
  provider: 'cpu',
  runtime: { onnxruntime: '1.30.0', threads: 1, processor: 'x86_64' },
  ...over,
});

/** A visual message of 256 ids. */
export const visualMessage = (over: Partial<VisualMessage> = {}): VisualMessage => ({
  type: 'visual',
  epoch: EPOCH,
  seq: 1,
  pts: 0,
  received: 1000,
  emitted: 1100,
  clip: 0,
  shot: 0,
  keyframe: 'coded',
  ids: Array.from({ length: 256 }, (_, id) => id),
  ...over,
});

/** A motion message of 45 ids over two thirds of a second. */
export const motionMessage = (over: Partial<MotionMessage> = {}): MotionMessage => ({
  type: 'motion',
  epoch: EPOCH,
  seq: 2,
  pts: 0,
  received: 1050,
  emitted: 1130,
  clip: 0,
  chunk: 0,
  fields: 8,
  duration: 666_667,
  ids: Array.from({ length: 45 }, (_, id) => id),
  ...over,
});
