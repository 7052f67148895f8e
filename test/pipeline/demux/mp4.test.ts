import { expect, it } from 'vitest';
import { mediaFixture, runDemux } from '../../support/demux-run.ts';

const typeAt = (bytes: Uint8Array, type: string, from = 0): number => Buffer.from(bytes).indexOf(type, from);

it('gives pictures of a fragmented file from its first fragment', async () => {
  const bytes = mediaFixture('city-frag.mp4');
  const second = typeAt(bytes, 'moof', typeAt(bytes, 'moof') + 4) - 4;
  const { units } = await runDemux(bytes.subarray(0, second));
  expect(units).toHaveLength(30);
});

it('goes on at the next fragment after damage', async () => {
  const bytes = mediaFixture('city-frag.mp4').slice();
  const second = typeAt(bytes, 'moof', typeAt(bytes, 'moof') + 4) - 4;
  bytes.fill(0, second, second + 16);
  const { units, error, events } = await runDemux(bytes);
  expect(error).toBeUndefined();
  expect(units.map((unit) => unit.index)).toEqual(Array.from({ length: 45 }, (_, at) => at));
  expect(units[30]).toMatchObject({ pts: 2_400_000, isKeyframe: true });
  expect(events.findIndex((event) => event.type === 'loss')).toBe(1 + 30);
});

it('does not spin on a run that promises four thousand million empty samples', async () => {
  const bytes = mediaFixture('city-frag.mp4').slice();
  const run = typeAt(bytes, 'trun');
  bytes.set([0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], run + 4);
  const header = typeAt(bytes, 'tfhd');
  // No default size in the fragment or in the movie box.
  bytes.set([0, 0x02, 0, 0], header + 4);
  const { dropped, units } = await runDemux(bytes);
  expect(dropped).toBeGreaterThan(0);
  expect(units.length).toBeLessThan(75);
});

it('refuses a fragment without its movie box', async () => {
  const bytes = mediaFixture('city-frag.mp4');
  const { error } = await runDemux(bytes.subarray(typeAt(bytes, 'moof') - 4));
  expect(error).toMatchObject({
    code: 'damaged-media',
    message: expect.stringMatching(/begin with its moov/),
  });
});

it('refuses a sample entry that it does not take, by name', async () => {
  const bytes = mediaFixture('city-faststart.mp4').slice();
  bytes.set(Buffer.from('qq01'), typeAt(bytes, 'avc1', typeAt(bytes, 'stsd')));
  const { error } = await runDemux(bytes);
  expect(error).toMatchObject({ code: 'unsupported-codec', message: expect.stringMatching(/"qq01"/) });
});

it('reports a table that points before the media', async () => {
  const bytes = mediaFixture('city-faststart.mp4').slice();
  bytes.set([0, 0, 0, 8], typeAt(bytes, 'stco') + 12);
  const { error, dropped } = await runDemux(bytes);
  expect(error).toMatchObject({ code: 'no-video' });
  expect(dropped).toBe(1);
});
