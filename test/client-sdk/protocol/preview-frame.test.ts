import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePreviewFrame, encodePreviewFrame } from '../../../client-sdk/protocol/preview-frame.ts';
import { WireError } from '../../../client-sdk/protocol/wire-error.ts';

describe('a preview message', () => {
  it('is these bytes', () => {
    const frame = { pts: 1_000_000, width: 455, height: 256, jpeg: Uint8Array.of(0xff, 0xd8) };
    expect(Buffer.from(encodePreviewFrame(frame)).toString('hex')).toBe(
      '01000000' + 'c7010001' + '40420f0000000000' + 'ffd8',
    );
  });

  it('carries a motion field before the JPEG', () => {
    const motion = { columns: 2, rows: 1, steps: Int8Array.of(1, -1, 127, -127) };
    const frame = { pts: 1, width: 455, height: 256, jpeg: Uint8Array.of(0xff, 0xd8), motion };
    const bytes = encodePreviewFrame(frame);
    expect(Buffer.from(bytes).toString('hex')).toBe(
      '01010201' + 'c7010001' + '0100000000000000' + '01ff7f81' + 'ffd8',
    );
    expect(decodePreviewFrame(bytes)).toEqual(frame);
    expect(() => decodePreviewFrame(bytes.subarray(0, 20))).toThrow(/2x1 does not fit/);
  });

  it('decodes to what was encoded', () => {
    fc.assert(
      fc.property(
        fc.record({
          pts: fc.maxSafeNat(),
          width: fc.nat(65_535),
          height: fc.nat(65_535),
          jpeg: fc.uint8Array({ minLength: 1 }),
        }),
        (frame) => {
          expect(decodePreviewFrame(encodePreviewFrame(frame))).toEqual(frame);
        },
      ),
    );
  });

  it('fails with nothing but a WireError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          decodePreviewFrame(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }),
    );
    expect(() => decodePreviewFrame(new Uint8Array(16))).toThrow(WireError);
    expect(() => decodePreviewFrame(new Uint8Array(17).fill(2))).toThrow(/version 1, got 2/);
  });
});
