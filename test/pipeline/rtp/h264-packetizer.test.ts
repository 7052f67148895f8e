import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { H264Depacketizer } from '../../../pipeline/rtp/h264-depacketizer.ts';
import { packetizeH264 } from '../../../pipeline/rtp/h264-packetizer.ts';

const annexB = (...nals: readonly (readonly number[])[]): Uint8Array =>
  Uint8Array.from(nals.flatMap((nal) => [0, 0, 0, 1, ...nal]));
const bytesOf = (payloads: readonly Uint8Array[]): number[][] => payloads.map((payload) => [...payload]);

const SPS = [0x67, 0x42, 0xc0, 0x1f, 0x11];
const PPS = [0x68, 0xce, 0x3c];

describe('packetizeH264', () => {
  it('gives a NAL unit that fits as it is (RFC 6184 5.6)', () => {
    const payloads = packetizeH264(annexB([0x41, 0x9a, 1, 2]), { maxPayloadBytes: 100 });
    expect(bytesOf(payloads)).toEqual([[0x41, 0x9a, 1, 2]]);
  });

  it('puts small NAL units into one STAP-A with their sizes and the greatest importance (5.7.1)', () => {
    const payloads = packetizeH264(annexB([0x06, 5], SPS, PPS), { maxPayloadBytes: 100 });
    expect(bytesOf(payloads)).toEqual([[0x60 | 24, 0, 2, 0x06, 5, 0, 5, ...SPS, 0, 3, ...PPS]]);
  });

  it('cuts what does not fit into FU-As with start and end bits, header and importance of the NAL unit (5.8)', () => {
    const body = Array.from({ length: 25 }, (_, index) => index + 1);
    const payloads = packetizeH264(annexB(SPS, PPS, [0x65, ...body]), { maxPayloadBytes: 13 });
    expect(bytesOf(payloads)).toEqual([
      [0x60 | 24, 0, 5, ...SPS, 0, 3, ...PPS],
      [0x60 | 28, 0x80 | 5, ...body.slice(0, 9)],
      [0x60 | 28, 5, ...body.slice(9, 18)],
      [0x60 | 28, 0x40 | 5, ...body.slice(18)],
    ]);
  });

  it('gives payloads that fit and come back as the same NAL units', () => {
    // No start code in it, and no zero at its end, as emulation prevention sees to.
    const nal = (type: number) =>
      fc
        .array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 400 })
        .map((body) => [0x60 | type, ...body]);
    const unit = fc
      .tuple(fc.constant(SPS), fc.constant(PPS), nal(5), fc.array(nal(5), { maxLength: 3 }))
      .map(([sps, pps, first, more]) => annexB(sps, pps, first, ...more));
    fc.assert(
      fc.property(unit, fc.integer({ min: 12, max: 300 }), (data, maxPayloadBytes) => {
        const payloads = packetizeH264(data, { maxPayloadBytes });
        expect(Math.max(...payloads.map(({ length }) => length))).toBeLessThanOrEqual(maxPayloadBytes);
        const back = new H264Depacketizer().depacketize(payloads, { isAfterHole: false });
        expect(back).toEqual({ type: 'unit', data, isKeyframe: true });
      }),
    );
  });
});
