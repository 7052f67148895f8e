import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { livePictures } from '../../../pipeline/codec/node-av-picture.ts';
import { BitstreamMotionSource } from '../../../pipeline/motion/bitstream-motion-source.ts';
import type { SampledField } from '../../../pipeline/motion/field-sampler.ts';
import type { MotionSource } from '../../../pipeline/motion/motion-source.ts';
import { ReencodeMotionSource } from '../../../pipeline/motion/reencode-motion-source.ts';
import { collectFields, PAPER_MOTION } from '../../support/collect-fields.ts';
import { decodeAll } from '../../support/decode-all.ts';
import { encodeH264 } from '../../support/encode-h264.ts';
import type { MediaUnits } from '../../support/media-units.ts';
import { type Camera, evenCamera, renderScene, trueMotion } from '../../support/rendered-scene.ts';

const widthPx = 320;
const heightPx = 180;
const framesPerSecond = 30;
const centre = { x: widthPx / 2, y: heightPx / 2 };
const seconds = Array.from({ length: 21 }, (_, index) => index / framesPerSecond);

const cameras: Record<string, Camera> = {
  pan: evenCamera({ centre, velocity: { x: 41, y: -17 } }),
  'fast pan': evenCamera({ centre, velocity: { x: -130, y: 35 } }),
  zoom: evenCamera({ centre, zoomPerSecond: 1.4 }),
  rotation: evenCamera({ centre, radiansPerSecond: 0.35 }),
};
const sources: Record<string, () => MotionSource> = {
  bitstream: () => new BitstreamMotionSource(),
  reencode: () => new ReencodeMotionSource(PAPER_MOTION),
};

/** Time of the last picture at or before a tick, s. */
const shownAt = (tick: number): number =>
  Math.floor((tick * framesPerSecond) / PAPER_MOTION.fieldsPerSecond + 1e-9) / framesPerSecond;

/** Endpoint errors in px, in order, of all cells whose content was in the picture before. */
function endpointErrors(
  fields: readonly SampledField[],
  camera: Camera,
): { errors: number[]; unmasked: number } {
  const { columns, rows } = PAPER_MOTION;
  const errors: number[] = [];
  let visible = 0;
  for (const { index, dx, dy, mask } of fields) {
    const time = { from: shownAt(index), to: shownAt(index + 1) };
    for (let cell = 0; cell < columns * rows; cell++) {
      const at = {
        x: (((cell % columns) + 0.5) * widthPx) / columns,
        y: ((Math.floor(cell / columns) + 0.5) * heightPx) / rows,
      };
      const truth = trueMotion(camera, at, time);
      const before = { x: at.x - truth.x, y: at.y - truth.y };
      if (before.x < 0 || before.y < 0 || before.x > widthPx || before.y > heightPx) continue;
      visible++;
      if (mask[cell]) errors.push(Math.hypot(dx[cell]! * widthPx - truth.x, dy[cell]! * heightPx - truth.y));
    }
  }
  return { errors: errors.toSorted((a, b) => a - b), unmasked: errors.length / visible };
}

afterEach(() => expect(livePictures()).toBe(0));

describe.each(Object.keys(cameras))('a %s', (name) => {
  const camera = cameras[name]!;
  let media: MediaUnits;

  beforeAll(async () => {
    const pictures = renderScene(camera, { widthPx, heightPx, seconds });
    media = await encodeH264(pictures, { widthPx, heightPx, framesPerSecond });
  });

  test.for(Object.keys(sources))(
    'is followed by %s to a quarter of a pixel',
    async (source, { annotate }) => {
      const pictures = await decodeAll(media);
      await using motion = sources[source]!();
      const fields = await collectFields(motion, pictures);
      for (const each of pictures) each[Symbol.dispose]();
      expect(fields).toHaveLength(8);
      const { errors, unmasked } = endpointErrors(fields, camera);
      const median = errors[errors.length >> 1]!;
      const worstTenth = errors[Math.floor(errors.length * 0.9)]!;
      await annotate(
        `endpoint error: median ${median.toFixed(3)} px, 90 % below ${worstTenth.toFixed(3)} px`,
      );
      expect(median).toBeLessThan(0.25);
      expect(worstTenth).toBeLessThan(0.6);
      expect(unmasked).toBeGreaterThan(0.97);
    },
  );
});
