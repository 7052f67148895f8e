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
