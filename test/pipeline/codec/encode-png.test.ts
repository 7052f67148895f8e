import { describe, expect, it } from 'vitest';
import { encodePng } from '../../../pipeline/codec/encode-png.ts';
import { readPng } from '../../support/read-png.ts';

describe('encodePng', () => {
  it('keeps every byte, also of widths that no codec pads to', async () => {
    for (const size of [
      { widthPx: 1, heightPx: 1 },
      { widthPx: 37, heightPx: 11 },
    ]) {
      const rgb = Uint8Array.from(
        { length: size.widthPx * size.heightPx * 3 },
        (_, at) => (at * at * 31 + at) % 256,
      );
      expect(readPng(await encodePng(rgb, size))).toEqual({ ...size, rgb });
    }
  });
});
