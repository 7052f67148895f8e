import { expect, it } from 'vitest';
import { loadPack } from '../../../pipeline/models/pack.ts';
import { timeGraphs } from '../../../pipeline/models/time-graphs.ts';
import { medianMs } from '../../../pipeline/models/warm-up.ts';
import { DYNAMIC_PACK, LADDER_PACK, TINY_PACK } from '../../support/packs.ts';

it.each([
  [TINY_PACK, undefined],
  [DYNAMIC_PACK, 64],
  [LADDER_PACK, undefined],
  [LADDER_PACK, 64],
])(
  'times every graph of %s by the clock it is given, with %s ids asked for',
  async (folder, keyframeTokens) => {
    let reads = 0;
    const options = { rounds: 3, now: () => reads++, keyframeTokens };
    const times = await timeGraphs(await loadPack(folder), options);
    expect(times).toEqual({ visualEncoder: 1, visualDecoder: 1, motionEncoder: 1, motionDecoder: 1 });
    expect(reads).toBe(4 * 3 * 2);
  },
);

it('takes the middle of the rounds, without the first run', async () => {
  const durations = [900, 7, 1, 40, 3, 2];
  let time = 0;
  const run = async (): Promise<void> => {
    time += durations.shift()!;
  };
  expect(await medianMs(run, { rounds: 5, now: () => time })).toBe(3);
});

it('refuses to time a number of ids that the pack does not have', async () => {
  const pack = await loadPack(LADDER_PACK);
  const options = { rounds: 1, now: () => 0 };
  await expect(timeGraphs(pack, { ...options, keyframeTokens: 63 })).rejects.toMatchObject({
    code: 'bad-config',
  });
});
