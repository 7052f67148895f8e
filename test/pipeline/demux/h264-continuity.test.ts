import { describe, expect, it } from 'vitest';
import type { AccessUnit } from '../../../pipeline/types.ts';
import { mediaFixture, runDemux } from '../../support/demux-run.ts';

/** The raw stream of some units of a file. */
async function streamOf(file: string, isKept: (unit: AccessUnit) => boolean): Promise<Uint8Array> {
  const { units } = await runDemux(mediaFixture(file));
  return new Uint8Array(Buffer.concat(units.filter(isKept).map((unit) => unit.data)));
}
/** nal_ref_idc of a unit's last NAL unit, a slice. */
function isReference(unit: AccessUnit): boolean {
  const last = Buffer.from(unit.data).lastIndexOf(Uint8Array.of(0, 0, 1));
  return (unit.data[last + 3]! & 0x60) !== 0;
}

describe('a reference picture missing from a stream without a container', () => {
  it('is reported just before the next picture', async () => {
    const run = await runDemux(await streamOf('city-h264-p.h264', (unit) => unit.index !== 10));
    const types = run.events.map((event) => event.type);
    expect(types.indexOf('loss')).toBe(1 + 10);
    expect(run.dropped).toBe(1);
    expect(run.units).toHaveLength(74);
  });

  it('leaves its time free', async () => {
    const run = await runDemux(await streamOf('city-h264-p.h264', (unit) => unit.index !== 10));
    expect(run.units.slice(9, 11).map((unit) => unit.pts)).toEqual([9 * 40_000, 11 * 40_000]);
  });

  it('is counted with its neighbours', async () => {
    const run = await runDemux(
      await streamOf('city-h264-p.h264', (unit) => unit.index < 5 || unit.index > 8),
    );
    expect(run.events.filter((event) => event.type === 'loss')).toEqual([{ type: 'loss', dropped: 4 }]);
  });

  it('is found among B pictures too', async () => {
    const { units } = await runDemux(mediaFixture('city-h264-b.h264'));
    const missing = units.find((unit) => unit.index > 6 && isReference(unit))!;
    const run = await runDemux(await streamOf('city-h264-b.h264', (unit) => unit.index !== missing.index));
    expect(run.dropped).toBe(1);
  });
});

it('says nothing of a missing picture that no other refers to', async () => {
  const { units } = await runDemux(mediaFixture('city-h264-b.h264'));
  const missing = units.find((unit) => unit.index > 6 && !isReference(unit))!;
  const run = await runDemux(await streamOf('city-h264-b.h264', (unit) => unit.index !== missing.index));
  expect(run.units).toHaveLength(74);
  expect(run.dropped).toBe(0);
});

it('says nothing of pictures missing at the end of a sequence', async () => {
  const run = await runDemux(
    await streamOf('city-h264-p.h264', (unit) => unit.index < 22 || unit.index > 24),
  );
  expect(run.dropped).toBe(0);
});

it('gives a stream that is joined between keyframes from its first parameter set on', async () => {
  const run = await runDemux(await streamOf('city-h264-p.h264', (unit) => unit.index >= 10));
  expect(run.events[0]).toEqual({ type: 'loss', dropped: 15 });
  expect(run.events[1]).toMatchObject({ type: 'format' });
  expect(run.units[0]).toMatchObject({ index: 0, pts: 0, isKeyframe: true });
});

it('leaves out the leading pictures of the first keyframe of an open group', async () => {
  const { units } = await runDemux(mediaFixture('city-h264-open-gop.ts'));
  const second = units.filter((unit) => unit.isKeyframe)[1]!;
  const leading = units.filter((unit) => unit.index > second.index && unit.pts < second.pts);
  expect(leading.length).toBeGreaterThan(0);
  const run = await runDemux(await streamOf('city-h264-open-gop.ts', (unit) => unit.index >= second.index));
  expect(run.units).toHaveLength(75 - second.index - leading.length);
  expect(run.units[0]).toMatchObject({ pts: 0, isKeyframe: true });
  expect(Math.min(...run.units.slice(1).map((unit) => unit.pts))).toBeGreaterThan(0);
});
