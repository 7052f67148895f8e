import { MOTION_STEP, type PreviewMotion } from '../../client-sdk/protocol/preview-frame.ts';
import type { MotionField } from '../../client-sdk/reconstruct/index.ts';

/** Rounds a decoded field to the steps in which the preview carries it; 127 steps are the most. */
export function quantizeMotion(
  { dx, dy }: MotionField,
  { columns, rows }: { columns: number; rows: number },
): PreviewMotion {
  const steps = new Int8Array(2 * columns * rows);
  for (let cell = 0; cell < columns * rows; cell += 1) {
    steps[2 * cell] = toSteps(dx[cell]);
    steps[2 * cell + 1] = toSteps(dy[cell]);
  }
  return { columns, rows, steps };
}

const toSteps = (displacement = 0): number =>
  Math.max(-127, Math.min(127, Math.round(displacement / MOTION_STEP)));
