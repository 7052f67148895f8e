import { expect, it } from 'vitest';
import { mediaFixture, runDemux, summaryOf } from '../../support/demux-run.ts';

const CLUSTER = Uint8Array.of(0x1f, 0x43, 0xb6, 0x75);
const SEGMENT = Uint8Array.of(0x18, 0x53, 0x80, 0x67);
const offsetsOf = (bytes: Uint8Array, pattern: Uint8Array): number[] => {
  const search = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const offsets: number[] = [];
  for (let at = search.indexOf(pattern); at >= 0; at = search.indexOf(pattern, at + 1)) offsets.push(at);
  return offsets;
};

/** Sets every bit of the sizes after an id, as recorders in browsers leave them: unknown (RFC 8794 6.2). */
function forgetSizes(bytes: Uint8Array, id: Uint8Array): number {
  const offsets = offsetsOf(bytes, id);
  for (const offset of offsets) {
    const at = offset + id.length;
    const length = Math.clz32(bytes[at]!) - 23;
    bytes.fill(0xff, at, at + length);
    bytes[at] = 0xff >> (length - 1);
  }
  return offsets.length;
}

it('reads segments and clusters of unknown size', async () => {
  const bytes = mediaFixture('city-vp8-live.webm').slice();
  const whole = await runDemux(mediaFixture('city-vp8-live.webm'));
  expect(forgetSizes(bytes, CLUSTER)).toBeGreaterThan(2);
  expect(forgetSizes(bytes, SEGMENT)).toBe(1);
  expect(summaryOf(await runDemux(bytes))).toBe(summaryOf(whole));
});

it('goes on at the next cluster after damage', async () => {
  const bytes = mediaFixture('city-vp8-live.webm').slice();
  const clusters = offsetsOf(bytes, CLUSTER);
  expect(clusters.length).toBeGreaterThan(2);
  const whole = await runDemux(bytes);
  const begin = clusters[1]! + 15;
  bytes.fill(0, begin, begin + 40);
  const run = await runDemux(bytes);
  expect(run.error).toBeUndefined();
  expect(run.dropped).toBeGreaterThan(0);
  expect(run.units.at(-1)).toMatchObject({ pts: whole.units.at(-1)!.pts });
  const third = whole.units.findIndex((unit) => unit.pts >= 2_000_000);
  expect(run.units.filter((unit) => unit.pts >= 2_000_000)).toHaveLength(75 - third);
});

it('refuses laced video', async () => {
  const bytes = mediaFixture('city-vp8-live.webm').slice();
  const [first = 0] = offsetsOf(bytes, CLUSTER);
  const block = Buffer.from(bytes).indexOf(0xa3, first + 8);
  // Id, size of up to eight bytes, track number, two bytes of time, flags.
  const flags = block + 1 + (Math.clz32(bytes[block + 1]!) - 23) + 3;
  bytes[flags]! |= 0x02;
  const { error } = await runDemux(bytes);
  expect(error).toMatchObject({ code: 'unsupported-codec', message: expect.stringMatching(/laced/) });
});

it('refuses a codec that it does not take, by name', async () => {
  const bytes = mediaFixture('city-vp8.webm').slice();
  bytes.set(Buffer.from('V_QQ8'), Buffer.from(bytes).indexOf('V_VP8'));
  const { error } = await runDemux(bytes);
  expect(error).toMatchObject({ code: 'unsupported-codec', message: expect.stringMatching(/"V_QQ8"/) });
});

it('refuses EBML of another document type', async () => {
  const bytes = mediaFixture('city-vp8.webm').slice();
  bytes.set(Buffer.from('wxyz'), Buffer.from(bytes).indexOf('webm'));
  const { error } = await runDemux(bytes);
  expect(error).toMatchObject({ code: 'unknown-container', message: expect.stringMatching(/"wxyz"/) });
});

it('takes a block in a group for a keyframe where it names no reference', async () => {
  // VP8 says itself what a keyframe is; AV1 is taken at the container's word.
  const head = mediaFixture('city-vp8.webm');
  const [cluster = 0] = offsetsOf(head, CLUSTER);
  const tables = head.slice(0, cluster);
  tables.set(Buffer.from('V_AV1'), Buffer.from(tables).indexOf('V_VP8'));
  const group = (offset: number, reference: readonly number[]) => {
    const block = [0xa1, 0x86, 0x81, 0, offset, 0, 0xaa, 0xbb];
    return [0xa0, 0x80 | (block.length + reference.length), ...block, ...reference];
  };
  const bytes = Uint8Array.from([
    ...tables,
    ...[...CLUSTER, 0xff, 0xe7, 0x81, 0],
    ...[...group(0, []), ...group(40, [0xfb, 0x81, 0xd8]), ...group(80, [])],
  ]);
  const { units, error } = await runDemux(bytes);
  expect(error).toBeUndefined();
  expect(units.map(({ pts, isKeyframe }) => [pts, isKeyframe])).toEqual([
    [0, true],
    [40_000, false],
    [80_000, true],
  ]);
});
