import { expect, it } from 'vitest';
import { checkSeed } from '../../fuzz/demux.ts';

const SEEDS_PER_TEST = 40;

it.each(Array.from({ length: 10 }, (_, at) => at * SEEDS_PER_TEST))(
  'keeps its promises for damaged media from seed %i on',
  async (first) => {
    for (let seed = first; seed < first + SEEDS_PER_TEST; seed += 1)
      await expect(checkSeed(seed)).resolves.toBeUndefined();
  },
);
