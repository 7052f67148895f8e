import { expect, it } from 'vitest';
import { checkRtpSeed } from '../../fuzz/rtp.ts';

const SEEDS_PER_TEST = 60;

it.each(Array.from({ length: 10 }, (_, at) => at * SEEDS_PER_TEST))(
  'keeps its promises for damaged packets from seed %i on',
  async (first) => {
    for (let seed = first; seed < first + SEEDS_PER_TEST; seed += 1)
      await expect(checkRtpSeed(seed)).resolves.toBeUndefined();
  },
);
