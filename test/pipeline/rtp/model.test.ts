import { afterAll, expect, it } from 'vitest';
import { checkModel } from './model.ts';

const SEEDS = 200;
const SEEDS_A_TEST = 20;
const UNITS = 1000;

const total = { packets: 0, sent: 0, given: 0, owed: 0 };

it.each(Array.from({ length: SEEDS / SEEDS_A_TEST }, (_, test) => test * SEEDS_A_TEST))(
  'no unit is wrong or silently missing over any link (seeds from %i on)',
  { timeout: 240_000 },
  async (first) => {
    for (let seed = first; seed < first + SEEDS_A_TEST; seed += 1) {
      const { packets, sent, given, owed } = await checkModel(seed, UNITS);
      total.packets += packets;
      total.sent += sent;
      total.given += given;
      total.owed += owed;
    }
  },
);

afterAll(() => {
  expect(total.packets).toBeGreaterThan(1_000_000);
  expect(total.sent).toBe(SEEDS * UNITS);
  expect(total.owed).toBeGreaterThan(total.sent / 2);
  expect(total.given).toBeGreaterThanOrEqual(total.owed);
});
