import { describe, expect, it } from 'vitest';
import { contactSheet } from '../../../pipeline/eval/contact-sheet.ts';
import { clipSample } from '../../support/clip-sample.ts';

const size = { width: 1, height: 1, clipsPerBand: 2 };
/** Between pictures of one pixel and around them lie four. */
const STEP = 5;

describe('contactSheet', () => {
  it('puts clips side by side in bands, each from its original keyframe down to its rebuilt last picture', () => {
    const named = [clipSample(20), clipSample(21), { ...clipSample(22), end: undefined }];
    const sheet = contactSheet(
      named.map((clip) => ({ file: 'a', ...clip })),
      size,
    );
    expect([sheet.widthPx, sheet.heightPx]).toEqual([4 + 2 * STEP, 4 + 8 * STEP]);
    const pixel = (column: number, row: number): number[] => {
      const at = ((4 + row * STEP) * sheet.widthPx + 4 + column * STEP) * 3;
      return [...sheet.rgb.subarray(at, at + 3)];
    };
    const rows = [0, 1, 2, 3].map((row) => pixel(1, row));
    expect(rows).toEqual([
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
      [1, 2, 3],
    ]);
    const white = [255, 255, 255];
    expect([4, 5, 6, 7].map((row) => pixel(0, row))).toEqual([[255, 0, 0], [0, 255, 0], white, white]);
    expect(pixel(1, 4)).toEqual(white);
  });
});
