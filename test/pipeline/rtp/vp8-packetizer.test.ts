import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Vp8Depacketizer } from '../../../pipeline/rtp/vp8-depacketizer.ts';
import { packetizeVp8 } from '../../../pipeline/rtp/vp8-packetizer.ts';

describe('packetizeVp8', () => {
  it('describes each payload: start of the frame, and its number in 15 bits (RFC 7741 4.2)', () => {
    const frame = Uint8Array.from({ length: 20 }, (_, index) => index);
    const payloads = packetizeVp8(frame, { maxPayloadBytes: 14, pictureId: 0x8000 + 0x1234 });
    expect(payloads.map((payload) => [...payload])).toEqual([
      [0x90, 0x80, 0x92, 0x34, ...frame.subarray(0, 10)],
      [0x80, 0x80, 0x92, 0x34, ...frame.subarray(10)],
    ]);
  });

  it('gives payloads that fit and come back as the same frame', () => {
    const frame = fc.uint8Array({ minLength: 1, maxLength: 2000 });
    const size = fc.integer({ min: 5, max: 1200 });
    fc.assert(
      fc.property(frame, size, fc.nat(), (data, maxPayloadBytes, pictureId) => {
        const payloads = packetizeVp8(data, { maxPayloadBytes, pictureId });
        expect(Math.max(...payloads.map(({ length }) => length))).toBeLessThanOrEqual(maxPayloadBytes);
        const back = new Vp8Depacketizer().depacketize(payloads);
        expect(back).toEqual({ type: 'unit', data, isKeyframe: (data[0]! & 1) === 0 });
      }),
    );
  });
});
