import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { millis } from '../../../client-sdk/protocol/units.ts';
import { demux } from '../../../pipeline/demux/demux.ts';
import { MediaError } from '../../../pipeline/errors.ts';
import type { AccessUnit } from '../../../pipeline/types.ts';
import { cutAt, mediaFixture, piecesOf, runDemux, summaryOf } from '../../support/demux-run.ts';

interface Golden {
  readonly pts?: number[];
  readonly sizes: number[];
  readonly keyframes: number[];
}
const GOLDENS: Record<string, Golden> = JSON.parse(
  readFileSync(new URL('../../fixtures/golden/packets.json', import.meta.url), 'utf8'),
);
const CITY = { widthPx: 320, heightPx: 180 };
const H264_P = { ...CITY, codec: 'h264', referencePictures: 1, hasReordering: false, framesPerSecond: 25 };
const H264_B = { ...CITY, codec: 'h264', referencePictures: 4, hasReordering: true, framesPerSecond: 25 };
const MPEG4 = { ...CITY, codec: 'mpeg4', referencePictures: 1, hasReordering: false };
const MPEG2 = { ...CITY, codec: 'mpeg2', referencePictures: 2, hasReordering: true, framesPerSecond: 25 };
const VPX = { ...CITY, referencePictures: 3, hasReordering: false, framesPerSecond: 25 };
const FORMATS: Record<string, object> = {
  'city-h264-p.ts': H264_P,
  'city-h264-b.ts': H264_B,
  'city-h264-open-gop.ts': H264_B,
  'city-mpeg4.ts': MPEG4,
  'city-mpeg2.ts': MPEG2,
  'city-frag.mp4': H264_B,
  'city-faststart.mp4': H264_B,
  'city-mpeg4.mp4': MPEG4,
  'city-vp8.webm': { ...VPX, codec: 'vp8' },
  'city-vp8-live.webm': { ...VPX, codec: 'vp8' },
  'city-vp9.webm': { ...VPX, codec: 'vp9' },
  'city-h264.mkv': H264_B,
  'city-h264-p.h264': H264_P,
  'city-h264-b.h264': H264_B,
  'city-h264-slices.h264': H264_P,
  'city-mpeg4.m4v': MPEG4,
  'city-mpeg4-b.m4v': { ...MPEG4, referencePictures: 2, hasReordering: true },
  'city-mpeg2.m2v': MPEG2,
  'city-hevc.hevc': { ...CITY, codec: 'hevc', hasReordering: true },
  'wanna-h264-aac.ts': { ...H264_P, widthPx: 240, heightPx: 176 },
};

/** Rates are given where the stream declares none. */
const optionsOf = (file: string) => (file.endsWith('.hevc') ? { framesPerSecond: 25 } : {});

/** ffprobe counts a zero byte before some HEVC start codes to the unit before. */
function expectSizes(file: string, units: readonly AccessUnit[]): void {
  const tolerance = file.endsWith('.hevc') ? 1 : 0;
  const wrong = units.filter(
    (unit) => !(Math.abs(unit.data.length - GOLDENS[file]!.sizes[unit.index]!) <= tolerance),
  );
  expect(wrong).toEqual([]);
}

it('has a format to expect for every golden', () => {
  expect(new Set(Object.keys(FORMATS))).toEqual(new Set(Object.keys(GOLDENS)));
});

describe.each(Object.entries(GOLDENS))('%s', (file, golden) => {
  it('gives the units, times and keyframes that ffprobe gives', async () => {
    const { units, events, error } = await runDemux(mediaFixture(file), optionsOf(file));
    expect(error).toBeUndefined();
    expect(units.map((unit) => unit.index)).toEqual(golden.sizes.map((_, at) => at));
    expect(units.flatMap((unit) => (unit.isKeyframe ? [unit.index] : []))).toEqual(golden.keyframes);
    expectSizes(file, units);
    // ffprobe prints six decimals of seconds that are not whole microseconds.
    for (const [at, pts] of golden.pts?.entries() ?? [])
      expect(Math.abs(units[at]!.pts - pts)).toBeLessThanOrEqual(1);
    expect(events.filter((event) => event.type !== 'unit').map((event) => event.type)).toEqual(['format']);
  });

  it('announces the format before the first unit', async () => {
    const { events } = await runDemux(mediaFixture(file), optionsOf(file));
    expect(events[0]).toMatchObject({ type: 'format', format: FORMATS[file] });
  });

  it('gives the same events however its bytes are cut', async () => {
    const bytes = mediaFixture(file).subarray(0, 60_000);
    const whole = summaryOf(await runDemux(bytes, optionsOf(file)));
    const cuts = fc.array(fc.nat(bytes.length), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(cuts, async (offsets) => {
        expect(summaryOf(await runDemux(cutAt(bytes, offsets), optionsOf(file)))).toBe(whole);
      }),
      { seed: 7, numRuns: 10 },
    );
    const head = bytes.subarray(0, 12_000);
    const byteByByte = await runDemux(piecesOf(head, 1), optionsOf(file));
    expect(summaryOf(byteByByte)).toBe(summaryOf(await runDemux(head, optionsOf(file))));
  });
});

it('times the pictures of raw MPEG-2 as its transport stream does', async () => {
  const [raw, timed] = [
    await runDemux(mediaFixture('city-mpeg2.m2v')),
    await runDemux(mediaFixture('city-mpeg2.ts')),
  ];
  expect(raw.units.map((unit) => unit.pts)).toEqual(timed.units.map((unit) => unit.pts));
});

it('presents every picture of raw HEVC once, at the given rate', async () => {
  const { units } = await runDemux(mediaFixture('city-hevc.hevc'), { framesPerSecond: 25 });
  expect(units.map((unit) => unit.pts).toSorted((a, b) => a - b)).toEqual(units.map((_, at) => at * 40_000));
});

/** Bytes of the input that were read when the unit came. */
async function readBeforeUnit(file: string, index: number): Promise<number> {
  let read = 0;
  async function* source() {
    for await (const piece of piecesOf(mediaFixture(file), 188)) {
      read += piece.length;
      yield piece;
    }
  }
  for await (const event of demux(source(), { maxUnitBytes: 1 << 24, now: () => millis(0) })) {
    if (event.type === 'unit' && event.unit.index === index) return read;
  }
  throw new Error(`no unit ${index}`);
}

it.each([
  'city-h264-p.ts',
  'city-frag.mp4',
  'city-faststart.mp4',
  'city-vp8.webm',
  'city-vp8-live.webm',
  'city-h264.mkv',
  'city-h264-p.h264',
  'city-mpeg4.m4v',
])('gives a unit of %s before the unit after the next one has come', async (file) => {
  const { units } = await runDemux(mediaFixture(file));
  const bytes = mediaFixture(file);
  const search = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  // Twelve bytes from within the unit after the next one, which a transport stream does not cut either.
  const later = units.find((unit) => unit.index > 10 && unit.data.length > 60)!;
  const begin = search.indexOf(later.data.subarray(20, 32));
  expect(begin).toBeGreaterThan(0);
  expect(await readBeforeUnit(file, later.index - 2)).toBeLessThanOrEqual(begin + 188);
});

describe('says why an input can never give video', () => {
  const zeros = new Uint8Array(5000);
  const noise = Uint8Array.from({ length: 5000 }, (_, at) => (at * 7919 + 13) % 251);
  const startCodes = Uint8Array.from({ length: 8000 }, (_, at) => (at % 8 === 2 ? 1 : at % 8 < 2 ? 0 : 0x61));
  it.each([
    ['no bytes', new Uint8Array(0), 'empty-body', /got none/],
    ['noise', noise, 'unknown-container', /begin with 0d/],
    ['zeros', zeros, 'unknown-container', /begin with 00 00/],
    ['a text', Buffer.from('<html>no</html>'), 'unknown-container', /begin with 3c 68 74 6d 6c/],
    ['start codes without parameter sets', startCodes, 'unknown-container', /parameter set/],
    ['sound in MPEG-TS', mediaFixture('audio-only.ts'), 'no-video', /stream types 0x0f/],
    ['sound in MP4', mediaFixture('audio-only.mp4'), 'no-video', /1 tracks and no video/],
    ['sound in WebM', mediaFixture('audio-only.webm'), 'no-video', /1 tracks and no video/],
    ['an index at the end', mediaFixture('city-index-at-end.mp4'), 'index-at-end', /before its media/],
    ['tables alone', mediaFixture('city-h264-p.ts').subarray(0, 3 * 188), 'no-video', /./],
    ['raw HEVC without a rate', mediaFixture('city-hevc.hevc'), 'bad-request', /\?fps=/],
  ])('%s', async (_name, bytes, code, message) => {
    const { error, units } = await runDemux(bytes);
    expect(units).toEqual([]);
    expect(error).toBeInstanceOf(MediaError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('tells of an index at the end before the media has come', async () => {
    const head = mediaFixture('city-index-at-end.mp4').subarray(0, 64);
    const { error } = await runDemux(head);
    expect(error).toMatchObject({ code: 'index-at-end' });
  });
});

it.each(Object.keys(GOLDENS))('refuses a unit of %s above the limit', async (file) => {
  const maxUnitBytes = Math.max(...GOLDENS[file]!.sizes) - 10;
  const { error } = await runDemux(mediaFixture(file), { ...optionsOf(file), maxUnitBytes });
  expect(error).toMatchObject({
    code: 'unit-too-large',
    message: expect.stringMatching(`at most ${maxUnitBytes} bytes`),
  });
});

it.each(Object.keys(GOLDENS))('gives what a truncated %s holds', async (file) => {
  const bytes = mediaFixture(file);
  const { units, error } = await runDemux(bytes.subarray(0, bytes.length - 9000), optionsOf(file));
  expect(error).toBeUndefined();
  expect(units.length).toBeGreaterThan(20);
  expect(units.length).toBeLessThan(GOLDENS[file]!.sizes.length);
  expectSizes(file, units.slice(0, -1));
});

it('stamps a unit with the arrival of its last byte', async () => {
  let clock = 0;
  async function* source() {
    for await (const piece of piecesOf(mediaFixture('city-h264-p.ts'), 188)) {
      clock += 1;
      yield piece;
    }
  }
  const { units } = await runDemux(source(), { now: () => millis(clock) });
  const bytes = mediaFixture('city-h264-p.ts');
  const lastPacketOf = (index: number): number => {
    // The last bytes of a picture end with its last packet.
    const tail = units[index]!.data.subarray(-16);
    return Math.floor(Buffer.from(bytes).indexOf(tail) / 188) + 1;
  };
  for (const index of [5, 20, 60]) expect(units[index]!.received).toBe(lastPacketOf(index));
});

it('closes its source when the consumer leaves', async () => {
  let isClosed = false;
  async function* source() {
    try {
      yield* piecesOf(mediaFixture('city-h264-p.ts'), 1000);
    } finally {
      isClosed = true;
    }
  }
  for await (const event of demux(source(), { maxUnitBytes: 1 << 24, now: () => millis(0) })) {
    if (event.type === 'unit') break;
  }
  expect(isClosed).toBe(true);
});

it('passes an error of the source on and closes nothing twice', async () => {
  async function* source() {
    yield mediaFixture('city-h264-p.ts').subarray(0, 40_000);
    throw new Error('the wire broke');
  }
  const { units, error } = await runDemux(source());
  expect(units.length).toBeGreaterThan(10);
  expect(error).toMatchObject({ message: 'the wire broke' });
});
