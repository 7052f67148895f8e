import { describe, expect, it } from 'vitest';
import { previewSize } from '../../../pipeline/preview/serve-preview.ts';

describe('previewSize', () => {
  it('keeps the height and takes an even width of the display aspect, within bounds', () => {
    expect(previewSize(256, 16 / 9)).toEqual({ widthPx: 456, heightPx: 256 });
    expect(previewSize(256, 9 / 16)).toEqual({ widthPx: 144, heightPx: 256 });
    expect(previewSize(256, 1)).toEqual({ widthPx: 256, heightPx: 256 });
    expect(previewSize(256, 100)).toEqual({ widthPx: 1024, heightPx: 256 });
    expect(previewSize(256, 0.001)).toEqual({ widthPx: 16, heightPx: 256 });
  });
});
