/** Runs of the receive stage over links that do everything that links do, by seed. */
import { RTP_CODECS } from '../../../pipeline/rtp/rtp-receiver.ts';
import { judge, type Verdict } from '../../support/rtp-oracle.ts';
import { simulate } from '../../support/rtp-simulation.ts';
import { seededRandom } from '../../support/seeded-random.ts';

/** What a seed does to its packets: every combination comes up. */
export function conditionsOf(seed: number) {
  const random = seededRandom(seed ^ 0x5eed);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  return {
    codec: pick(RTP_CODECS),
    retransmission: pick(['rfc4588', 'plain', 'none'] as const),
    impairment: {
      loss: pick([0, 0.005, 0.02, 0.05, 0.1, 0.2]),
      duplication: pick([0, 0.01, 0.1]),
      delayMs: pick([1, 10, 25, 50]),
      jitterMs: pick([0, 0, 5, 40, 100]),
    },
    upheaval: pick([0, 0.002, 0.01]),
    padding: pick([0, 0.05]),
    answersRequests: random() < 0.9,
  };
}

/** Runs one seed and throws, naming it, where a promise is broken. */
export async function checkModel(seed: number, units: number): Promise<Verdict & { packets: number }> {
  const conditions = conditionsOf(seed);
  const result = await simulate({
    ...conditions,
    seed,
    units,
    framesPerSecond: 30,
    maxPayloadBytes: 40,
    keyframeBytes: 800,
    unitBytes: 280,
    impairment: () => conditions.impairment,
  });
  try {
    return { packets: result.packets, ...judge(result) };
  } catch (cause) {
    throw new Error(`seed ${seed} (${JSON.stringify(conditions)}): ${String(cause)}`, { cause });
  }
}
