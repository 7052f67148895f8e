import { micros } from '../../client-sdk/protocol/units.ts';
import { FieldSampler, type SampledField } from '../../pipeline/motion/field-sampler.ts';
import type { MotionSource, MotionStep } from '../../pipeline/motion/motion-source.ts';
import type { Picture } from '../../pipeline/types.ts';

/** The grid, the clock and the second encode of the default pack. */
export const PAPER_MOTION = {
  columns: 36,
  rows: 20,
  fieldsPerSecond: 12,
  reencode: {
    codec: 'mpeg4',
    width: 576,
    height: 320,
    quantizer: 4,
    gopPictures: 600,
    motionEstimation: 'epzs',
    threads: 1,
  },
} as const;

/** Takes pictures as one clip that ends a tick after the last one; gives its steps. Borrows the pictures. */
export async function collectSteps(
  source: MotionSource,
  pictures: readonly Picture[],
): Promise<MotionStep[]> {
  const [keyframe, ...others] = pictures;
  if (!keyframe) throw new Error('a clip has a keyframe');
  await source.begin(keyframe);
  const steps: MotionStep[] = [];
  for (const picture of others) steps.push(...(await source.push(picture)));
  steps.push(...(await source.end(endOf(pictures))));
  return steps;
}

/** The fields of pictures that are one clip. */
export async function collectFields(
  source: MotionSource,
  pictures: readonly Picture[],
): Promise<SampledField[]> {
  const sampler = new FieldSampler({ ...PAPER_MOTION, keyframePts: pictures[0]!.pts });
  const steps = await collectSteps(source, pictures);
  return [...steps.flatMap((step) => sampler.push(step)), ...sampler.end(endOf(pictures))];
}

const endOf = (pictures: readonly Picture[]) =>
  micros(pictures.at(-1)!.pts + 1e6 / PAPER_MOTION.fieldsPerSecond);
