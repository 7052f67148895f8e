import { describe, expect, it } from 'vitest';
import { boxThumbnail, gridOfBytes, scaleUp, throughThumbnail } from '../../../pipeline/eval/thumbnail.ts';

const gray = (values: number[]): Uint8Array => Uint8Array.from(values.flatMap((v) => [v, v, v]));
const red = (rgb: Uint8Array): number[] => [...rgb].filter((_, at) => at % 3 === 0);

describe('boxThumbnail', () => {
  it('takes the rounded mean of each box, channel by channel', () => {
    const picture = Uint8Array.of(1, 10, 100, 2, 10, 100, 3, 10, 0, 5, 10, 0);
    expect([...boxThumbnail(picture, { columns: 4, rows: 1 }, { columns: 2, rows: 1 })]).toEqual([
      2, 10, 100, 4, 10, 0,
    ]);
  });

  it('averages over rows as over columns', () => {
    const picture = gray([0, 10, 100, 100, 20, 30, 100, 104]);
    expect(red(boxThumbnail(picture, { columns: 4, rows: 2 }, { columns: 2, rows: 1 }))).toEqual([15, 101]);
  });

  it('shares a pixel on the border of two boxes between them', () => {
    const of = (values: number[], size: object, grid: object) =>
      red(boxThumbnail(gray(values), { columns: 1, rows: 1, ...size }, { columns: 1, rows: 1, ...grid }));
    // (10 + 40 / 2) / 1.5 and (40 / 2 + 100) / 1.5.
    expect(of([10, 40, 100], { columns: 3 }, { columns: 2 })).toEqual([20, 80]);
    expect(of([10, 40, 100], { rows: 3 }, { rows: 2 })).toEqual([20, 80]);
  });
});

describe('gridOfBytes', () => {
  it('is the largest grid of the shape whose RGB fits', () => {
    const square = { columns: 16, rows: 16 };
    expect(gridOfBytes(768, square)).toEqual(square);
    expect(gridOfBytes(767, square)).toEqual({ columns: 15, rows: 15 });
    // 128 cells are more than 11 x 11 and fewer than 12 x 12.
    expect(gridOfBytes(384, square)).toEqual({ columns: 11, rows: 11 });
    expect(gridOfBytes(96, { columns: 4, rows: 2 })).toEqual({ columns: 8, rows: 4 });
    expect(gridOfBytes(0, square)).toEqual({ columns: 1, rows: 1 });
  });
});

describe('scaleUp', () => {
  it('gives Catmull-Rom values between the samples and repeats the edge', () => {
    // Twice as wide: the places are a quarter before and behind each sample. Keys' weights at distances 1.25, 0.25,
    // 0.75, 1.75 are -0.0703125, 0.8671875, 0.2265625, -0.0234375.
    const [near, mid, far, tail] = [0.8671875, 0.2265625, -0.0703125, -0.0234375];
    const samples = [0, 64, 128, 64];
    const at = (index: number): number => samples[Math.min(3, Math.max(0, index))]!;
    const expected = samples.flatMap((_, i) => [
      far * at(i + 1) + near * at(i) + mid * at(i - 1) + tail * at(i - 2),
      far * at(i - 1) + near * at(i) + mid * at(i + 1) + tail * at(i + 2),
    ]);
    const clamped = expected.map((value) => Math.round(Math.min(255, Math.max(0, value))));
    expect(red(scaleUp(gray(samples), { columns: 4, rows: 1 }, { columns: 8, rows: 1 }))).toEqual(clamped);
  });

  it('keeps a linear ramp linear inside', () => {
    const ramp = [0, 40, 80, 120, 160, 200];
    const scaled = red(scaleUp(gray(ramp), { columns: 6, rows: 1 }, { columns: 12, rows: 1 }));
    expect(scaled.slice(4, 8)).toEqual([70, 90, 110, 130]);
  });

  it('treats columns as it treats rows', () => {
    const samples = [10, 200, 30, 90];
    const across = red(scaleUp(gray(samples), { columns: 4, rows: 1 }, { columns: 16, rows: 1 }));
    const down = red(scaleUp(gray(samples), { columns: 1, rows: 4 }, { columns: 1, rows: 16 }));
    expect(down).toEqual(across);
  });
});

describe('throughThumbnail', () => {
  it('changes nothing in a picture of one colour', () => {
    const picture = Uint8Array.from({ length: 32 * 32 * 3 }, (_, at) => [10, 200, 77][at % 3]!);
    expect(throughThumbnail(picture, { columns: 32, rows: 32 }, { columns: 4, rows: 4 })).toEqual(picture);
  });
});
