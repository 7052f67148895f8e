import { MotionCompensation } from '../../client-sdk/reconstruct/motion-compensation.ts';
import { openNodeAvDecoder } from '../../pipeline/codec/node-av-decoder.ts';
import { openReencoder } from '../../pipeline/codec/reencoder.ts';
import { gridOf } from '../../pipeline/models/grid-ladder.ts';
import { createOnnxDetokenizer, geometryOf } from '../../pipeline/models/onnx-detokenizer.ts';
import { createTokenEncoder } from '../../pipeline/models/onnx-token-encoder.ts';
import { loadPack } from '../../pipeline/models/pack.ts';
import { specimen } from '../../pipeline/models/warm-up.ts';
import { composeFields } from '../../pipeline/motion/compose.ts';
import { toGridField } from '../../pipeline/motion/field-grid.ts';
import { vectorsToBlocks } from '../../pipeline/motion/vectors-to-blocks.ts';
import type { Picture } from '../../pipeline/types.ts';
import { readMediaUnits } from '../support/media-units.ts';
import type { Bench } from './bench.ts';
import type { Measure } from './report.ts';
import { percentilesOf } from './statistics.ts';

/** Pictures that are decoded before the clock counts. */
const WARM_UP_PICTURES = 10;

/** What each step costs alone, one after the other on the same pictures. */
export const operators: Bench = {
  name: 'operators',
  description: 'decoding with vectors, making fields, scaling, second encode, inference, warping, each alone',
  run: async ({ cameraPath, isQuick }) => {
    const pictures = isQuick ? 30 : 300;
    return {
      measures: [
        ...(await measurePictures(cameraPath, pictures)),
        ...(await measureModels(isQuick ? 5 : 50)),
      ],
      notes: [`${pictures} pictures of 1280x720`],
    };
  },
};

/** Durations of one step, ms. */
class Stopwatch {
  readonly #samples = new Map<string, number[]>();

  async time<T>(step: string, work: () => T | Promise<T>): Promise<T> {
    const from = performance.now();
    const result = await work();
    const samples = this.#samples.get(step) ?? [];
    samples.push(performance.now() - from);
    this.#samples.set(step, samples);
    return result;
  }

  measures(): Measure[] {
    return [...this.#samples].flatMap(([step, samples]) => {
      const found = percentilesOf(samples);
      return (['p50', 'p95', 'p99'] as const).map((rank) => ({
        name: `${step} ${rank}`,
        value: found?.[rank] ?? Number.NaN,
        unit: 'ms',
      }));
    });
  }
}

async function measurePictures(path: string, count: number): Promise<Measure[]> {
  const { format, units } = await readMediaUnits(path);
  await using decoder = await openNodeAvDecoder(format);
  const { manifest } = await loadPack('models/kino-mini');
  const { reencode, columns, rows } = manifest.motion;
  await using reencoder = await openReencoder(reencode);
  const watch = new Stopwatch();
  const idle = new Stopwatch();
  for (const [index, unit] of units.slice(0, count + WARM_UP_PICTURES).entries()) {
    const clock = index < WARM_UP_PICTURES ? idle : watch;
    const { pictures } = await clock.time('decode with vectors', () => decoder.decode(unit));
    for (const each of pictures) {
      using picture = each;
      await measureField(clock, picture, { columns, rows });
      await clock.time('scale to 256x256 RGB', () => picture.toRgb({ widthPx: 256, heightPx: 256 }));
      const yuv = await clock.time('scale to 576x320 4:2:0', () =>
        picture.toYuv420({ widthPx: reencode.width, heightPx: reencode.height }),
      );
      await clock.time('second encode and decode', () => reencoder.encode(yuv));
    }
  }
  const measures = watch.measures();
  const decodeMs = measures.find(({ name }) => name === 'decode with vectors p50')?.value ?? Number.NaN;
  return [{ name: 'decode with vectors', value: 1000 / decodeMs, unit: 'pictures/s' }, ...measures];
}

async function measureField(
  clock: Stopwatch,
  picture: Picture,
  grid: { columns: number; rows: number },
): Promise<void> {
  const { vectors } = picture;
  if (!vectors) return;
  const field = await clock.time('vectors to blocks', () => vectorsToBlocks(vectors, picture.size));
  const composed = await clock.time('compose two fields', () => composeFields(field, field));
  await clock.time('blocks to grid', () => toGridField(composed, grid));
}

async function measureModels(rounds: number): Promise<Measure[]> {
  const pack = await loadPack('models/kino-mini');
  await using encoder = await createTokenEncoder(pack, { provider: 'cpu', workers: 1 });
  await using detokenizer = await createOnnxDetokenizer(pack);
  const compensation = new MotionCompensation(geometryOf(pack));
  const watch = new Stopwatch();
  const live = { isLive: true };
  const grid = gridOf(pack.manifest);
  for (let round = 0; round < rounds; round++) {
    const keyframe = specimen(pack.manifest, 'keyframe', round);
    const chunk = specimen(pack.manifest, 'motion', round);
    if (keyframe.kind !== 'keyframe' || chunk.kind !== 'motion')
      throw new Error('specimens are of their kind');
    const keyframeTokens = await watch.time('encode a keyframe', () =>
      encoder.encodeKeyframe(keyframe, live),
    );
    const motionIds = await watch.time('encode a chunk', () => encoder.encodeMotion(chunk, live));
    const decoded = await watch.time('decode a keyframe', () =>
      detokenizer.decodeKeyframe(keyframeTokens.ids, { ...keyframeTokens, grid }),
    );
    const motion = await watch.time('decode a chunk', () =>
      detokenizer.decodeMotion(motionIds, { previousIds: motionIds }),
    );
    const { columns, rows, fieldsPerChunk } = pack.manifest.motion;
    const cells = columns * rows;
    compensation.begin(decoded);
    await watch.time('warp a picture', () => {
      compensation.advance(
        motion.subarray(0, cells),
        motion.subarray(fieldsPerChunk * cells, (fieldsPerChunk + 1) * cells),
      );
      return compensation.render();
    });
  }
  return watch.measures();
}
