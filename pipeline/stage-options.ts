import type { MotionSourceName } from '../client-sdk/protocol/messages.ts';
import { micros } from '../client-sdk/protocol/units.ts';
import type { LoadedPack } from './models/pack.ts';
import { layoutOf } from './models/pack-manifest.ts';
import { BitstreamMotionSource } from './motion/bitstream-motion-source.ts';
import type { MotionSource } from './motion/motion-source.ts';
import { ReencodeMotionSource } from './motion/reencode-motion-source.ts';
import { AdmissionWindow } from './operators/admission-window.ts';
import type { AdmitOptions } from './operators/admit.ts';
import { ClipControl } from './operators/clip-control.ts';
import type { CutClipsOptions } from './operators/cut-clips.ts';
import type { DecodeWithMotionOptions } from './operators/decode-with-motion.ts';
import { PictureBudget } from './operators/picture-budget.ts';
import type { TokenizeOptions } from './tokenizer.ts';
import type { Chunk, Keyframe } from './types.ts';

/** Decoded pictures that may wait for the clip cutter. */
const PICTURE_BUDGET = 4;
/**
 * Chunks of a live stream that may wait for inference, keyframes twice as many: two seconds at twelve fields a second.
 * What waits longer is late for everybody behind it.
 */
const LIVE_BACKLOG = 3;

/** What each stage of one tokenization is given, with the objects that several of them share. */
export function stageOptions(options: TokenizeOptions) {
  const { counters, encoder, limits, now, pack, probe, scope } = options;
  const { clip, motion, visual } = pack.manifest;
  const isLive = options.delivery === 'live';
  const tick = micros(1e6 / motion.fieldsPerSecond);
  const chunkDuration = micros(motion.fieldsPerChunk * tick);
  const window = new AdmissionWindow({ units: limits.windowUnits, bytes: limits.windowBytes });
  const budget = new PictureBudget(PICTURE_BUDGET);
  const control = new ClipControl();
  const count = (name: keyof typeof counters, by = 1): void => {
    counters[name] += by;
  };

  return {
    demux: { maxUnitBytes: limits.maxUnitBytes, framesPerSecond: options.framesPerSecond, now },
    admit: {
      delivery: options.delivery,
      window,
      chunkDuration,
      onUnit: (unit) => {
        count('unitsIn');
        count('bytesIn', unit.data.byteLength);
        probe?.onUnit(unit);
      },
      onDropped: (units) => count('unitsDropped', units),
    } satisfies AdmitOptions,
    decode: {
      openDecoder: options.openDecoder,
      motion: options.motion,
      maxPixels: limits.maxPixels,
      window,
      budget,
      scope,
      reserve: options.reserve,
      onPicture: (picture) => {
        count('pictures');
        probe?.onPicture(picture);
      },
      onFault: () => count('decodeFaults'),
    } satisfies DecodeWithMotionOptions,
    cut: {
      keyframeSize: { widthPx: visual.width, heightPx: visual.height },
      minDuration: micros(clip.minDurationMs * 1000),
      maxDuration: micros(clip.maxDurationMs * 1000),
      maxPause: chunkDuration,
      fieldsPerSecond: motion.fieldsPerSecond,
      lookSize: motion.luma && { widthPx: motion.luma.width, heightPx: motion.luma.height },
      createMotionSource: (name) => createMotionSource(name, pack),
      control,
      budget,
      scope,
    } satisfies CutClipsOptions,
    fields: motion,
    shed: isLive ? { backlog: () => counters.backlog, capacity: LIVE_BACKLOG, control } : undefined,
    tokenize: {
      encoder,
      isLive,
      control,
      onItem: (item: Keyframe | Chunk) => probe?.onItem(item),
      onBacklog: (change: 1 | -1) => count('backlog', change),
      onFault: () => count('inferenceFaults'),
    },
    sequence: { ...announced(options), window, now },
    release: () => budget.close(),
  };
}

/** What `start` messages tell of a tokenization, whatever the media. */
const announced = ({ stream, epoch, pack, encoder }: TokenizeOptions) => ({
  stream,
  epoch,
  pack: { name: pack.manifest.name, version: pack.manifest.version, sha256: pack.sha256 },
  layout: layoutOf(pack.manifest, encoder),
  motionFps: pack.manifest.motion.fieldsPerSecond,
  provider: encoder.provider.name,
  runtime: encoder.runtime,
});

const createMotionSource = (name: MotionSourceName, pack: LoadedPack): MotionSource =>
  name === 'bitstream' ? new BitstreamMotionSource() : new ReencodeMotionSource(pack.manifest.motion);
