import { describe, expect, it } from 'vitest';
import { fillMasked } from '../../../client-sdk/reconstruct/fill-masked.ts';

const field = (values: number[], mask: number[]) => ({
  columns: 3,
  rows: 2,
  dx: Float32Array.from(values),
  dy: Float32Array.from(values, (value) => -value),
  mask: Uint8Array.from(mask),
});

describe('fillMasked', () => {
  it('leaves valid cells as they are', () => {
    const whole = field([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1]);
    expect(fillMasked(whole)).toEqual({ dx: whole.dx, dy: whole.dy });
  });

  it('gives a masked cell the mean of its valid neighbours', () => {
    const { dx, dy } = fillMasked(field([1, 99, 3, 4, 5, 6], [1, 0, 1, 0, 1, 1]));
    expect([...dx]).toEqual([1, (1 + 3 + 5 + 6) / 4, 3, (1 + 5) / 2, 5, 6]);
    expect([...dy]).toEqual([...dx].map((value) => -value));
  });

  it('goes inwards ring after ring', () => {
    expect([...fillMasked(field([8, 99, 99, 8, 99, 99], [1, 0, 0, 1, 0, 0])).dx]).toEqual([8, 8, 8, 8, 8, 8]);
  });

  it('gives zero where the whole field is masked', () => {
    expect([...fillMasked(field([1, 2, 3, 4, 5, 6], [0, 0, 0, 0, 0, 0])).dx]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
