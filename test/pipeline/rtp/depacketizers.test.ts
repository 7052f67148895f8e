import { describe, expect, it } from 'vitest';
import { elementsOf } from '../../../pipeline/demux/nal-units.ts';
import { Av1Depacketizer } from '../../../pipeline/rtp/av1-depacketizer.ts';
import type { Depacketizer } from '../../../pipeline/rtp/depacketizer.ts';
import { H264Depacketizer } from '../../../pipeline/rtp/h264-depacketizer.ts';
import { Vp8Depacketizer } from '../../../pipeline/rtp/vp8-depacketizer.ts';
import { Vp9Depacketizer } from '../../../pipeline/rtp/vp9-depacketizer.ts';
import { mediaFixture, runDemux } from '../../support/demux-run.ts';

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

const given = (depacketizer: Depacketizer, payloads: readonly Uint8Array[], isAfterHole = false): string => {
  const made = depacketizer.depacketize(payloads, { isAfterHole });
  return made.type === 'unit' ? `${made.isKeyframe ? 'key' : 'unit'} ${hex(made.data)}` : made.type;
};

const realSets = async (): Promise<Uint8Array[]> => {
  const { units } = await runDemux(mediaFixture('city-h264-p.h264'));
  return elementsOf(units[0]!.data).filter((nal) => [7, 8].includes(nal[0]! & 31));
};

describe('H.264 (RFC 6184)', () => {
  // first_mb_in_slice 0; slice types P, I and (of 1) P with a first macroblock of 1.
  const P = bytes(0x61, 0b1001_1011, 0xaa);
  const IDR = bytes(0x65, 0b1000_1000, 0xbb);
  const LATER_SLICE = bytes(0x61, 0b0100_0110, 0xcc);
  const stapA = (...nals: readonly Uint8Array[]): Uint8Array =>
    bytes(0x78, ...nals.flatMap((nal) => [0, nal.length, ...nal]));

  it('takes a payload that is a NAL unit', () => {
    expect(given(new H264Depacketizer(), [P])).toBe('unit 00000001619baa');
  });

  it('splits an aggregation packet', () => {
    expect(given(new H264Depacketizer(), [stapA(bytes(0x06, 1), P)])).toBe('unit 00000001060100000001619baa');
  });

  it('joins fragments with the header that they were cut from', () => {
    const fragments = [bytes(0x7c, 0x81, 0x9b), bytes(0x7c, 0x01, 0x11), bytes(0x7c, 0x41, 0x22)];
    expect(given(new H264Depacketizer(), fragments)).toBe('unit 00000001619b1122');
  });

  it.each([
    ['fragments without the first', [bytes(0x7c, 0x01, 1), bytes(0x7c, 0x41, 2)]],
    ['fragments without the last', [bytes(0x7c, 0x81, 1), bytes(0x7c, 0x01, 2)]],
    ['a NAL unit amid fragments', [bytes(0x7c, 0x81, 1), P, bytes(0x7c, 0x41, 2)]],
    ['two first fragments', [bytes(0x7c, 0x81, 1), bytes(0x7c, 0x81, 2), bytes(0x7c, 0x41, 3)]],
    ['a fragment without content', [bytes(0x7c, 0xc1)]],
    ['an aggregate whose size exceeds it', [bytes(0x78, 0, 9, 0x61)]],
    ['an aggregate of nothing', [bytes(0x78)]],
    ['an aggregate of empty units', [bytes(0x78, 0, 0)]],
    ['structures of the interleaved mode', [bytes(0x79, 0, 0, 0, 1, 0x61)]],
    ['a type that is undefined', [bytes(0x60, 1)]],
  ])('refuses %s', (_name, payloads) => {
    expect(given(new H264Depacketizer(), payloads)).toBe('broken');
  });

  it('repeats the last parameter sets before a keyframe that brings none', async () => {
    const [sps, pps] = await realSets();
    const depacketizer = new H264Depacketizer();
    given(depacketizer, [sps!, pps!, IDR]);
    expect(given(depacketizer, [IDR])).toBe(
      `key 00000001${hex(sps!)}00000001${hex(pps!)}0000000165${'88bb'}`,
    );
    expect(given(depacketizer, [P])).toBe('unit 00000001619baa');
  });

  it('knows the parameter sets of the session description', async () => {
    const sets = await realSets();
    expect(given(new H264Depacketizer(sets), [IDR])).toContain(`key 00000001${hex(sets[0]!)}`);
  });

  it('does not keep parameter sets of units that are not whole', async () => {
    const [sps, pps] = await realSets();
    const depacketizer = new H264Depacketizer();
    given(depacketizer, [sps!, pps!, bytes(0x7c, 0x85, 1)]);
    expect(given(depacketizer, [IDR])).toBe('key 000000016588bb');
  });

  it('after a hole takes a picture that begins as others do, and a keyframe with its own parameter sets only', async () => {
    const [sps, pps] = await realSets();
    const depacketizer = new H264Depacketizer();
    expect(given(depacketizer, [P], true)).toBe('broken');
    given(depacketizer, [P]);
    expect(given(depacketizer, [P], true)).toBe('unit 00000001619baa');
    expect(given(depacketizer, [LATER_SLICE], true)).toBe('broken');
    expect(given(depacketizer, [bytes(0x06, 1), P], true)).toBe('broken');
    expect(given(depacketizer, [IDR], true)).toBe('broken');
    expect(given(depacketizer, [pps!, IDR], true)).toBe('broken');
    expect(given(depacketizer, [stapA(sps!, pps!), IDR], true)).toContain('key ');
  });

  it.each([
    ['an IDR alone', IDR, true],
    ['an IDR in an aggregate', stapA(bytes(0x67, 1), bytes(0x68, 1), IDR), true],
    ['the first fragment of an IDR', bytes(0x7c, 0x85, 1), true],
    ['a later fragment of an IDR', bytes(0x7c, 0x05, 1), true],
    ['parameter sets', stapA(bytes(0x67, 1), bytes(0x68, 1)), false],
    ['another picture', P, false],
    ['nothing', bytes(), false],
  ])('tells of %s whether it is of a keyframe', (_name, payload, isKeyframe) => {
    expect(new H264Depacketizer().announcesKeyframe(payload)).toBe(isKeyframe);
  });
});

describe('VP8 (RFC 7741)', () => {
  const KEY = [0x10, 2, 3];
  const INTER = [0x11, 2, 3];

  it.each([
    ['no extension', [0x10]],
    ['a picture number of 7 bits', [0x90, 0x80, 0x11]],
    ['a picture number of 15 bits', [0x90, 0x80, 0x91, 0x22]],
    ['everything', [0x90, 0xf0, 0x91, 0x22, 5, 0x61]],
    ['a temporal layer without a key index', [0x90, 0x20, 0x40]],
    ['a frame that none refers to', [0x30]],
  ])('takes a descriptor with %s off', (_name, descriptor) => {
    expect(given(new Vp8Depacketizer(), [bytes(...descriptor, ...INTER)])).toBe('unit 110203');
  });

  it('joins a frame, whose first packet tells a keyframe', () => {
    const depacketizer = new Vp8Depacketizer();
    const payloads = [bytes(0x90, 0x80, 7, ...KEY), bytes(0x80, 0x80, 7, 4), bytes(0x91, 0x80, 7, 5)];
    expect(given(depacketizer, payloads, true)).toBe('key 1002030405');
    expect(payloads.map((payload) => depacketizer.announcesKeyframe(payload))).toEqual([true, false, false]);
  });

  it.each([
    ['a frame without its first packet', [bytes(0x00, 4), bytes(0x00, 5)]],
    ['a frame that begins twice', [bytes(0x10, ...INTER), bytes(0x10, ...INTER)]],
    ['packets of two pictures', [bytes(0x90, 0x80, 7, ...INTER), bytes(0x80, 0x80, 8, 4)]],
    ['a descriptor without content', [bytes(0x90, 0x80, 0x80, 1)]],
    ['a descriptor cut off', [bytes(0x90)]],
  ])('refuses %s', (_name, payloads) => {
    expect(given(new Vp8Depacketizer(), payloads)).toBe('broken');
  });
});

describe('VP9 (RFC 9628)', () => {
  it.each([
    ['nothing but flags', [0x4c]],
    ['a picture number of 7 bits', [0xcc, 0x11]],
    ['a picture number of 15 bits', [0xcc, 0x91, 0x11]],
    ['layers and their index', [0xec, 0x11, 0x20, 3]],
    ['references of the flexible mode', [0xdc, 0x11, 0x03, 0x02]],
    ['a structure with sizes and a group', [0xce, 0x11, 0x18, 1, 0x40, 0, 0xb4, 2, 0x04, 1, 0x04, 2]],
  ])('takes a descriptor with %s off', (_name, descriptor) => {
    expect(given(new Vp9Depacketizer(), [bytes(...descriptor, 0x86, 9)])).toBe('unit 8609');
  });

  it('joins a frame by its marks of beginning and end', () => {
    const depacketizer = new Vp9Depacketizer();
    const payloads = [bytes(0x88, 7, 0x82, 1), bytes(0x80, 7, 2), bytes(0x84, 7, 3)];
    expect(given(depacketizer, payloads, true)).toBe('key 82010203');
    expect(payloads.map((payload) => depacketizer.announcesKeyframe(payload))).toEqual([true, false, false]);
  });

  it.each([
    ['a frame without its beginning', [bytes(0x80, 7, 2), bytes(0x84, 7, 3)]],
    ['a frame without its end', [bytes(0x88, 7, 1), bytes(0x80, 7, 2)]],
    ['two frames', [bytes(0xcc, 7, 1), bytes(0xcc, 7, 2)]],
    ['packets of two pictures', [bytes(0x88, 7, 1), bytes(0x84, 8, 3)]],
    ['more references than there are', [bytes(0xdc, 7, 3, 3, 3, 2, 1)]],
    ['a descriptor without content', [bytes(0xec, 7, 0, 0)]],
    ['a structure cut off', [bytes(0xce, 7, 0x18, 1)]],
  ])('refuses %s', (_name, payloads) => {
    expect(given(new Vp9Depacketizer(), payloads)).toBe('broken');
  });

  it.each([
    ['a second spatial layer', bytes(0xec, 0x11, 0x02, 3, 0x86)],
    ['a structure of two spatial layers', bytes(0xce, 0x11, 0x20, 0x86, 1)],
  ])('says that it does not take %s', (_name, payload) => {
    expect(given(new Vp9Depacketizer(), [payload])).toBe('refused');
  });
});

describe('AV1', () => {
  // Sequence header, key frame, inter frame; without sizes, as they travel.
  const SEQUENCE = [0x08, 0xaa];
  const KEY = [0x30, 0x10, 0xbb];
  const INTER = [0x30, 0x30, 0xcc];

  it('gives sizes to units that travel without, and takes temporal delimiters out', () => {
    const payload = bytes(0x38, 1, 0x10, SEQUENCE.length, ...SEQUENCE, ...KEY);
    expect(given(new Av1Depacketizer(), [payload])).toBe('key 0a01aa320210bb');
  });

  it('takes elements that all state their length', () => {
    const payload = bytes(0x00, SEQUENCE.length, ...SEQUENCE, INTER.length, ...INTER);
    expect(given(new Av1Depacketizer(), [payload])).toBe('unit 0a01aa320230cc');
  });

  it('keeps a size that a unit brings', () => {
    expect(given(new Av1Depacketizer(), [bytes(0x10, 0x32, 2, 0x30, 0xcc)])).toBe('unit 320230cc');
  });

  it('joins an element cut over three packets', () => {
    const payloads = [bytes(0x50, 0x30), bytes(0xd0, 0x30), bytes(0x90, 0xcc)];
    expect(given(new Av1Depacketizer(), payloads)).toBe('unit 320230cc');
  });

  it.each([
    ['a beginning that is missing', [bytes(0x90, 1)]],
    ['an end that is missing', [bytes(0x50, 0x30)]],
    ['an element that is neither continued nor begun', [bytes(0x50, 0x30), bytes(0x10, 0xcc)]],
    ['a length beyond the packet', [bytes(0x00, 9, 0x30)]],
    ['fewer elements than announced', [bytes(0x30, 1, 0x30)]],
    ['an empty element', [bytes(0x00, 0)]],
    ['a forbidden bit', [bytes(0x10, 0xb0, 0x30)]],
    ['a size that does not fit its unit', [bytes(0x10, 0x32, 9, 0x30)]],
    ['nothing', [bytes(0x10)]],
  ])('refuses %s', (_name, payloads) => {
    expect(given(new Av1Depacketizer(), payloads)).toBe('broken');
  });

  it('after a hole takes a frame, but no key frame without its sequence header', () => {
    const depacketizer = new Av1Depacketizer();
    expect(given(depacketizer, [bytes(0x10, ...INTER)], true)).toContain('unit');
    expect(given(depacketizer, [bytes(0x10, ...KEY)], true)).toBe('broken');
    expect(given(depacketizer, [bytes(0x20, 2, ...SEQUENCE, ...KEY)], true)).toContain('key');
    expect(given(depacketizer, [bytes(0x10, 0x20, 1)], true)).toBe('broken');
  });

  it('after a hole takes no frame where units have had two', () => {
    const depacketizer = new Av1Depacketizer();
    given(depacketizer, [bytes(0x20, 3, ...INTER, ...INTER)]);
    expect(given(depacketizer, [bytes(0x10, ...INTER)], true)).toBe('broken');
  });

  it('says that it does not take a second spatial layer', () => {
    expect(given(new Av1Depacketizer(), [bytes(0x10, 0x34, 0x08, 0x30)])).toBe('refused');
  });

  it('knows the packet that begins a sequence', () => {
    expect(new Av1Depacketizer().announcesKeyframe(bytes(0x18, ...KEY))).toBe(true);
    expect(new Av1Depacketizer().announcesKeyframe(bytes(0x10, ...INTER))).toBe(false);
  });
});
