import { describe, expect, it } from 'vitest';
import { MOTION_ERROR_SIZE, MotionError } from '../../../pipeline/eval/motion-error.ts';

const { widthPx, heightPx } = MOTION_ERROR_SIZE;
const x = (...px: number[]): Float32Array => Float32Array.from(px, (value) => value / widthPx);
const y = (...px: number[]): Float32Array => Float32Array.from(px, (value) => value / heightPx);

describe('MotionError', () => {
  it('tells errors in px of the coded size, over unmasked cells', () => {
    const error = new MotionError();
    error.add({
      trueX: x(3, 0, 8, 100),
      trueY: y(4, 0, 0, 100),
      decodedX: x(0, 0, 6, -100),
      decodedY: y(0, 1, 0, -100),
      mask: Uint8Array.of(1, 1, 1, 0),
    });
    expect(error.cells).toBe(3);
    // Lengths 5, 1, 2.
    expect(error.medianPx).toBe(2);
    expect(error.explainedShare).toBeCloseTo(1 - (25 + 1 + 4) / (25 + 64), 5);
  });

  it('takes the lower of the two middle errors', () => {
    const error = new MotionError();
    const still = x(0, 0, 0, 0);
    error.add({
      trueX: x(1, 2, 3, 4),
      trueY: still,
      decodedX: still,
      decodedY: still,
      mask: new Uint8Array(4).fill(1),
    });
    expect(error.medianPx).toBe(2);
  });

  it('counts cells decoded as moving among those that stand still', () => {
    const error = new MotionError();
    error.add({
      trueX: x(0.2, 0, 0.3, 0),
      trueY: y(0, 0, 0, 0),
      decodedX: x(0, 0, 9, 0),
      decodedY: y(0.6, 0.4, 0, 0),
      mask: new Uint8Array(4).fill(1),
    });
    expect(error.falseShare).toBeCloseTo(1 / 3, 12);
    expect(error.movingShare).toBe(0.25);
  });

  it('has nothing to say where nothing was seen', () => {
    const error = new MotionError();
    error.add({ trueX: x(1), trueY: y(1), decodedX: x(1), decodedY: y(1), mask: Uint8Array.of(0) });
    const { medianPx, explainedShare, falseShare, movingShare } = error;
    expect([medianPx, explainedShare, falseShare, movingShare]).toEqual([null, null, null, null]);
  });
});
