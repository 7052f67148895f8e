import { beforeAll, describe, expect, it } from 'vitest';
import { millis } from '../../../client-sdk/protocol/units.ts';
import { demux } from '../../../pipeline/demux/demux.ts';
import type { AccessUnit } from '../../../pipeline/types.ts';
import { type DemuxRun, mediaFixture, runDemux } from '../../support/demux-run.ts';
import { joined, packetsOf, pesOf, tablesOf, VIDEO_PID } from '../../support/ts-muxer.ts';

const H264 = 0x1b;
const FRAME_TICKS = 3600;
let city: readonly AccessUnit[];
beforeAll(async () => {
  city = (await runDemux(mediaFixture('city-h264-p.h264'))).units;
});

const counters = () => ({ pat: { next: 0 }, pmt: { next: 0 } });
/** One picture a PES packet; each element holds one picture's packets. */
function mux(units: readonly AccessUnit[], options: { startTicks?: number; hasLength?: boolean } = {}) {
  const counter = { next: 0 };
  return units.map((unit, at) => {
    const pts = (options.startTicks ?? 0) + at * FRAME_TICKS;
    return packetsOf(VIDEO_PID, pesOf(unit.data, { pts }, options.hasLength), counter);
  });
}
/** The same, with stuffing after the first 100 bytes of the pictures that are asked for. */
function muxStuffed(units: readonly AccessUnit[], isStuffed: (at: number) => boolean) {
  const counter = { next: 0 };
  return units.map((unit, at) => {
    const pts = at * FRAME_TICKS;
    if (!isStuffed(at)) return packetsOf(VIDEO_PID, pesOf(unit.data, { pts }), counter);
    const first = packetsOf(VIDEO_PID, pesOf(unit.data.subarray(0, 100), { pts }), counter);
    const rest = packetsOf(VIDEO_PID, unit.data.subarray(100), counter);
    rest[0]![1]! &= ~0x40;
    return [...first, ...rest];
  });
}
const withTables = (pictures: readonly Uint8Array[][]): Uint8Array =>
  joined([...tablesOf({ type: H264 }, counters()), ...pictures.flat()]);
const ptsOf = (run: DemuxRun) => run.units.map((unit) => unit.pts);
const places = (count: number) => Array.from({ length: count }, (_, at) => at * 40_000);
/** Where the losses stand: the number of units before each. */
function lossesOf(run: DemuxRun): number[] {
  let units = 0;
  return run.events.flatMap((event) => {
    if (event.type === 'unit') units += 1;
    return event.type === 'loss' ? [units] : [];
  });
}
/** How many pictures had to arrive before each unit was given. */
async function picturesNeeded(pictures: readonly Uint8Array[][]): Promise<number[]> {
  let fed = 0;
  async function* source() {
    yield joined(tablesOf({ type: H264 }, counters()));
    for (const picture of pictures) {
      fed += 1;
      yield joined(picture);
    }
  }
  const needed: number[] = [];
  for await (const event of demux(source(), { maxUnitBytes: 1 << 20, now: () => millis(0) }))
    if (event.type === 'unit') needed.push(fed);
  return needed;
}

describe('packets', () => {
  it('drops the unit that a missing packet damages, at its place', async () => {
    const pictures = mux(city.slice(0, 12));
    pictures[4]!.splice(1, 1);
    const run = await runDemux(withTables(pictures));
    expect(run.units).toHaveLength(11);
    expect(run.units[4]!.data).toEqual(city[5]!.data);
    expect(lossesOf(run)).toEqual([4]);
  });

  it('takes a repeated packet once', async () => {
    const pictures = mux(city.slice(0, 8));
    pictures[3]!.splice(1, 0, pictures[3]![0]!);
    const run = await runDemux(withTables(pictures));
    expect(run.units.map((unit) => unit.data.length)).toEqual(
      city.slice(0, 8).map((unit) => unit.data.length),
    );
    expect(run.dropped).toBe(0);
  });

  it('takes a packet that is marked as damaged for missing', async () => {
    const pictures = mux(city.slice(0, 8));
    pictures[3]![0]![1]! |= 0x80;
    const run = await runDemux(withTables(pictures));
    expect(run.units).toHaveLength(6);
    expect(lossesOf(run)).toEqual([2]);
  });

  it('accepts a new counter where a discontinuity is announced', async () => {
    const counter = { next: 0 };
    const pictures = city.slice(0, 6).map((unit, at) => {
      if (at === 3) counter.next += 5;
      return packetsOf(VIDEO_PID, pesOf(unit.data, { pts: at * FRAME_TICKS }), counter);
    });
    const first = pictures[3]![0]!;
    // An adaptation field of two bytes, its discontinuity_indicator set, takes the place of two payload bytes.
    const announced = new Uint8Array(188);
    announced.set(first.subarray(0, 4));
    announced.set([1, 0x80], 4);
    announced[3] = 0x20 | ((first[3]! - 1) & 15);
    announced[1] = first[1]! & 0x1f;
    pictures[3]!.unshift(announced);
    const run = await runDemux(withTables(pictures));
    expect(run.units).toHaveLength(6);
    expect(run.dropped).toBe(0);
  });

  it.each([7, 188, 1000])('finds the packets again after %i bytes of garbage', async (length) => {
    const pictures = mux(city.slice(0, 12));
    const garbage = Uint8Array.from({ length }, (_, at) => (at * 31) & 0x3f);
    pictures[5]!.splice(1, 0, garbage);
    const run = await runDemux(withTables(pictures));
    expect(run.units).toHaveLength(11);
    expect(lossesOf(run)).toEqual([5]);
  });

  it.each([192, 204])('reads packets %i bytes apart', async (stride) => {
    const packets = [...tablesOf({ type: H264 }, counters()), ...mux(city.slice(0, 8)).flat()];
    const padded = packets.map((packet) => joined([packet, new Uint8Array(stride - 188)]));
    const run = await runDemux(joined([new Uint8Array(stride - 188), ...padded]));
    expect(run.units).toHaveLength(8);
    expect(run.dropped).toBe(0);
  });

  it('refuses scrambled video', async () => {
    const counter = { next: 0 };
    const pictures = city
      .slice(0, 8)
      .map((unit) => packetsOf(VIDEO_PID, pesOf(unit.data, { pts: 0 }), counter, { scrambled: true }));
    const { error } = await runDemux(withTables(pictures));
    expect(error).toMatchObject({ code: 'unsupported-codec', message: expect.stringMatching(/scrambled/) });
  });

  it('refuses a video codec that it does not take, by name', async () => {
    const { error } = await runDemux(joined([...tablesOf({ type: 0x33 }, counters()), ...mux(city).flat()]));
    expect(error).toMatchObject({ code: 'unsupported-codec', message: expect.stringMatching(/VVC/) });
  });
});

describe('units', () => {
  it('gives a picture at the end of a packet that states its length', async () => {
    const pictures = mux(city.slice(0, 6), { hasLength: true });
    expect(await picturesNeeded(pictures)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('gives a picture where stuffing ends its packet, once eight packets have ended so', async () => {
    const needed = await picturesNeeded(mux(city.slice(0, 14)));
    expect(needed).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 9, 10, 11, 12, 13, 14]);
  });

  it('never takes stuffing for an end where it comes within pictures', async () => {
    const pictures = muxStuffed(city.slice(0, 14), (at) => at === 0);
    expect(await picturesNeeded(pictures)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 14]);
    const run = await runDemux(withTables(pictures));
    expect(run.units.map((unit) => unit.data)).toEqual(city.slice(0, 14).map((unit) => unit.data));
    expect(run.dropped).toBe(0);
  });

  it('loses one picture to a multiplexer that begins to stuff within pictures, and trusts it no more', async () => {
    const run = await runDemux(withTables(muxStuffed(city.slice(0, 20), (at) => at >= 12)));
    expect(lossesOf(run)).toEqual([13]);
    expect(run.units.map((unit) => unit.data.length)).toEqual(
      city.slice(0, 20).map((unit, at) => (at === 12 ? 100 : unit.data.length)),
    );
  });

  it('reports a picture that was given at the end of its packet and goes on in the next', async () => {
    const counter = { next: 0 };
    const pictures = city.slice(0, 6).map(({ data }, at) => {
      const times = { pts: at * FRAME_TICKS };
      const parts = at === 3 ? [data.subarray(0, 100), data.subarray(100)] : [data];
      return parts.flatMap((part, index) =>
        packetsOf(VIDEO_PID, pesOf(part, index === 0 ? times : {}, true), counter),
      );
    });
    const run = await runDemux(withTables(pictures));
    expect(run.units.map((unit) => unit.data.length)).toEqual(
      city.slice(0, 6).map((unit, at) => (at === 3 ? 100 : unit.data.length)),
    );
    expect(lossesOf(run)).toEqual([4]);
  });

  it('trusts stuffing on after a hole behind it', async () => {
    const pictures = mux(city.slice(0, 14));
    pictures[10]!.shift();
    expect(pictures[10]).not.toEqual([]);
    // The picture with the hole is given up; those after it still come at their own end.
    expect(await picturesNeeded(pictures)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 9, 10, 12, 13, 14]);
  });

  it('splits several pictures in one packet and spaces those without times', async () => {
    const counter = { next: 0 };
    const triples = [0, 3, 6].map((at) => {
      const payload = joined(city.slice(at, at + 3).map((unit) => unit.data));
      return packetsOf(VIDEO_PID, pesOf(payload, { pts: at * FRAME_TICKS }), counter);
    });
    const run = await runDemux(withTables(triples));
    expect(run.units.map((unit) => unit.data.length)).toEqual(
      city.slice(0, 9).map((unit) => unit.data.length),
    );
    expect(ptsOf(run)).toEqual(places(9));
  });

  it('joins a picture that spans packets', async () => {
    const counter = { next: 0 };
    const pictures = city
      .slice(0, 6)
      .map((unit, at) => [
        ...packetsOf(VIDEO_PID, pesOf(unit.data.subarray(0, 40), { pts: at * FRAME_TICKS }), counter),
        ...packetsOf(VIDEO_PID, pesOf(unit.data.subarray(40), {}), counter),
      ]);
    const run = await runDemux(withTables(pictures));
    expect(run.units.map((unit) => unit.data)).toEqual(city.slice(0, 6).map((unit) => unit.data));
    expect(ptsOf(run)).toEqual(places(6));
  });

  it('follows a new program map to another stream', async () => {
    const tables = counters();
    const counter = { next: 0 };
    const later = city
      .slice(25, 31)
      .flatMap((unit, at) => packetsOf(0x101, pesOf(unit.data, { pts: (at + 6) * FRAME_TICKS }), counter));
    const run = await runDemux(
      joined([
        ...tablesOf({ type: H264 }, tables),
        ...mux(city.slice(0, 6)).flat(),
        ...tablesOf({ type: H264, pid: 0x101, version: 1 }, tables),
        ...later,
      ]),
    );
    expect(run.units).toHaveLength(12);
    expect(run.dropped).toBe(0);
    expect(ptsOf(run)).toEqual(places(12));
  });
});

describe('time', () => {
  it('goes on across the wrap of 33 bits', async () => {
    const run = await runDemux(withTables(mux(city.slice(0, 10), { startTicks: 2 ** 33 - 4 * FRAME_TICKS })));
    expect(ptsOf(run)).toEqual(places(10));
    expect(run.events.some((event) => event.type === 'discontinuity')).toBe(false);
  });

  it('continues one picture later where the source begins again', async () => {
    const counter = { next: 0 };
    const loop = [...city.slice(0, 5), ...city.slice(0, 5)].map((unit, at) =>
      packetsOf(VIDEO_PID, pesOf(unit.data, { pts: (at % 5) * FRAME_TICKS }), counter),
    );
    const run = await runDemux(withTables(loop));
    expect(ptsOf(run)).toEqual(places(10));
    expect(run.events.map((event) => event.type).indexOf('discontinuity')).toBe(6);
  });
});
