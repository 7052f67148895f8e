import { expect, test } from 'vitest';
import { type Micros, micros, millis } from '../../../client-sdk/protocol/units.ts';
import { demux } from '../../../pipeline/demux/demux.ts';
import type { AccessUnit, DemuxEvent } from '../../../pipeline/types.ts';
import { MpegTsMuxer } from '../../../server/studio/capture/mpeg-ts-muxer.ts';
import { readMediaUnits } from '../../support/media-units.ts';

const FIXTURE = 'test/fixtures/media/city-h264-p.ts';
const DELIMITER = [0, 0, 0, 1, 9, 0xf0];

async function demuxed(packets: readonly Uint8Array[]): Promise<DemuxEvent[]> {
  const events: DemuxEvent[] = [];
  const source = (async function* () {
    yield* packets;
  })();
  for await (const event of demux(source, { maxUnitBytes: 1 << 24, now: () => millis(0) }))
    events.push(event);
  return events;
}

const unitsOf = (events: readonly DemuxEvent[]): AccessUnit[] =>
  events.flatMap((event) => (event.type === 'unit' ? [event.unit] : []));

/** NAL units without their start codes, delimiters left out. */
function nalsOf(data: Uint8Array): string[] {
  const starts: number[] = [];
  for (let at = 0; at + 3 < data.length; at++)
    if (data[at] === 0 && data[at + 1] === 0 && data[at + 2] === 1) starts.push(at + 3);
  return starts
    .map((start, index) => Buffer.from(data.subarray(start, starts[index + 1] ?? data.length + 3)))
    .filter((nal) => ((nal[0] ?? 0) & 0x1f) !== 9)
    .map((nal) => nal.toString('hex').replace(/(?:00)*(?:000001)?$/, ''));
}

async function muxedFixture() {
  const { units } = await readMediaUnits(FIXTURE);
  const muxer = new MpegTsMuxer();
  return { units, packets: units.map((unit) => muxer.mux(unit)) };
}

test('what is muxed comes out of the demultiplexer as the same units at the same times', async () => {
  const { units, packets } = await muxedFixture();
  const events = await demuxed(packets);
  const received = unitsOf(events);
  expect(events.filter(({ type }) => type === 'loss' || type === 'discontinuity')).toEqual([]);
  expect(received.map(({ isKeyframe }) => isKeyframe)).toEqual(units.map(({ isKeyframe }) => isKeyframe));
  // The clock of a transport stream ticks 90 000 times a second.
  for (const [index, unit] of units.entries())
    expect(Math.abs((received[index]?.pts ?? Number.NaN) - unit.pts)).toBeLessThanOrEqual(12);
  expect(nalsOf(units[0]?.data ?? new Uint8Array()).length).toBeGreaterThan(2);
  expect(received.map(({ data }) => nalsOf(data))).toEqual(units.map(({ data }) => nalsOf(data)));
});

test('every packet is 188 bytes, begins with the sync byte and counts on by one per PID', async () => {
  const { packets } = await muxedFixture();
  const counters = new Map<number, number>();
  for (const packet of packets.flatMap(split)) {
    const pid = (((packet[1] ?? 0) & 0x1f) << 8) | (packet[2] ?? 0);
    const counter = (packet[3] ?? 0) & 15;
    expect(packet[0]).toBe(0x47);
    expect(counter).toBe(((counters.get(pid) ?? 15) + 1) & 15);
    counters.set(pid, counter);
  }
  expect([...counters.keys()].sort((a, b) => a - b)).toEqual([0, 0x100, 0x1000]);
});

test('a picture that fits 16 bits of length can be taken before the next one comes', async () => {
  const { units, packets } = await muxedFixture();
  const first = units.findIndex(({ data }) => data.length < 60_000);
  const pes = split(packets[first] ?? new Uint8Array()).find((packet) => packet[1] === 0x41);
  const start = 4 + 1 + (pes?.[4] ?? 0);
  const length = ((pes?.[start + 4] ?? 0) << 8) | (pes?.[start + 5] ?? 0);
  const added = nalUnitTypeOf(units[first]?.data) === 9 ? 0 : DELIMITER.length;
  expect(length).toBe((units[first]?.data.length ?? 0) + added + 8);
});

test('pictures are padded by every number of bytes without a wrong one', async () => {
  const muxer = new MpegTsMuxer();
  const pictures = Array.from({ length: 400 }, (_, index) => ({
    data: Uint8Array.of(0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x65, ...new Array(index).fill(0xaa)),
    pts: micros(index * 40_000),
    isKeyframe: true,
  }));
  for (const picture of pictures) {
    const payload = split(muxer.mux(picture))
      .filter((packet) => ((packet[1] ?? 0) & 0x1f) === 0x01 && packet[2] === 0)
      .flatMap((packet) => [...packet.subarray(((packet[3] ?? 0) & 0x20) === 0 ? 4 : 5 + (packet[4] ?? 0))]);
    expect(payload.slice(14)).toEqual([...picture.data]);
  }
});

test('the first picture gives the origin, and 33 bits wrap', () => {
  const muxer = new MpegTsMuxer();
  const at = (pts: number): number => {
    const data = Uint8Array.of(0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x41, 1);
    const [packet] = split(muxer.mux({ data, pts: pts as Micros, isKeyframe: false }));
    const start = 5 + (packet?.[4] ?? 0) + 9;
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = packet?.subarray(start, start + 5) ?? [];
    return ((a >> 1) & 7) * 2 ** 30 + b * 2 ** 22 + (c >> 1) * 2 ** 15 + d * 2 ** 7 + (e >> 1);
  };
  expect(at(5_000_000)).toBe(90_000);
  expect(at(6_000_000)).toBe(180_000);
  const wrapUs = ((2 ** 33 - 90_000) / 90_000) * 1e6;
  expect(at(5_000_000 + Math.round(wrapUs) + 1_000_000)).toBe(90_000);
});

const split = (bytes: Uint8Array): Uint8Array[] =>
  Array.from({ length: bytes.length / 188 }, (_, index) => bytes.subarray(index * 188, (index + 1) * 188));

const nalUnitTypeOf = (data: Uint8Array | undefined): number =>
  ((data?.[2] === 1 ? data[3] : data?.[4]) ?? 0) & 0x1f;
