import { expect, test } from 'vitest';
import { quantizeMotion } from '../../../pipeline/preview/quantize-motion.ts';

test('a field is rounded to 1/1024 of the picture and clipped at 127 steps', () => {
  const dx = Float32Array.of(0, 1 / 1024, 0.5, -0.5);
  const dy = Float32Array.of(0.0006, -1 / 2048.5, 0, 1);
  const { columns, rows, steps } = quantizeMotion({ dx, dy }, { columns: 2, rows: 2 });
  expect({ columns, rows }).toEqual({ columns: 2, rows: 2 });
  expect([...steps]).toEqual([0, 1, 1, 0, 127, 0, -127, 127]);
});
