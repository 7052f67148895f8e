import { firstValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { micros } from '../../../client-sdk/protocol/units.ts';
import { AdmissionWindow } from '../../../pipeline/operators/admission-window.ts';
import { admit } from '../../../pipeline/operators/admit.ts';
import type { RtpCodec } from '../../../pipeline/rtp/rtp-receiver.ts';
import type { DemuxEvent } from '../../../pipeline/types.ts';
import { judge } from '../../support/rtp-oracle.ts';
import { type Impairment, type SimulationResult, simulate } from '../../support/rtp-simulation.ts';

/** A camera of 30 pictures and about 1.5 Mbit/s a second. */
const CAMERA = {
  framesPerSecond: 30,
  maxPayloadBytes: 1188,
  keyframeBytes: 60_000,
  unitBytes: 11_000,
  retransmission: 'rfc4588',
  answersRequests: true,
  upheaval: 0,
  padding: 0,
} as const;
const CLEAN: Impairment = { loss: 0, duplication: 0, delayMs: 50, jitterMs: 0 };
const BLACKOUT: Impairment = { ...CLEAN, loss: 1 };

interface Scenario {
  readonly seed: number;
  readonly codec: RtpCodec;
  readonly seconds: number;
  readonly impairment: (sinceMs: number) => Impairment;
}

const film = ({ seconds, ...scenario }: Scenario): Promise<SimulationResult> =>
  simulate({ ...CAMERA, ...scenario, units: seconds * CAMERA.framesPerSecond });

/** What the pipeline makes of it: the unit's place in what was sent, and whether it is marked. */
async function admittedOf(
  result: SimulationResult,
): Promise<{ id: number; isDegraded: boolean; atMs: number }[]> {
  async function* source(): AsyncGenerator<DemuxEvent> {
    yield* result.events;
  }
  const window = new AdmissionWindow({ units: 1e6, bytes: 1e12 });
  const admitted = await firstValueFrom(
    admit(source(), { delivery: 'live', window, chunkDuration: micros(666_667) }).pipe(toArray()),
  );
  const given = result.given.filter((event) => event.type === 'unit');
  return admitted.flatMap((event) => {
    if (event.type !== 'unit') return [];
    const { id, atMs } = given[event.unit.index]!;
    return [{ id: id!, isDegraded: event.unit.isDegraded ?? false, atMs }];
  });
}

/** Units that depend on one that is missing: everything after it up to the next keyframe. */
function isBroken(result: SimulationResult): (id: number) => boolean {
  const given = new Set(result.given.flatMap((event) => (event.type === 'unit' ? [event.id] : [])));
  const broken = new Set<number>();
  let isIntact = false;
  for (const unit of result.sent) {
    if (unit.isKeyframe) isIntact = given.has(unit.id);
    else isIntact &&= given.has(unit.id);
    if (!isIntact) broken.add(unit.id);
  }
  return (id) => broken.has(id);
}

/** When the last unit that was marked was followed by one that is not, ms. */
async function cleanSinceMs(result: SimulationResult): Promise<number> {
  const admitted = await admittedOf(result);
  const last = admitted.findLastIndex((unit) => unit.isDegraded);
  return admitted[last + 1]!.atMs;
}

describe.each([
  ['h264', [1, 2, 3]],
  ['vp8', [4]],
  ['vp9', [5]],
  ['av1', [6]],
] as const)('%s over a bad link', (codec, seeds) => {
  it('of 2 % loss and 50 ms delay gives at least 99.5 % of the units', async () => {
    for (const seed of seeds) {
      const result = await film({ seed, codec, seconds: 40, impairment: () => ({ ...CLEAN, loss: 0.02 }) });
      const { given, sent } = judge(result);
      expect(given / sent).toBeGreaterThanOrEqual(0.995);
    }
  });

  it('of 10 % loss and reordering marks every unit whose reference is missing', async () => {
    let broken = 0;
    for (const seed of seeds) {
      const impairment = () => ({ ...CLEAN, loss: 0.1, jitterMs: 20 });
      const result = await film({ seed, codec, seconds: 30, impairment });
      judge(result);
      const isBrokenUnit = isBroken(result);
      const admitted = await admittedOf(result);
      const unmarked = admitted.filter((unit) => isBrokenUnit(unit.id) && !unit.isDegraded);
      expect(unmarked).toEqual([]);
      broken += admitted.filter((unit) => isBrokenUnit(unit.id)).length;
      expect(result.statistics?.bitrate).toBeLessThan(4_000_000);
    }
    expect(broken).toBeGreaterThan(0);
  });

  it.each([0.1, 0.3])('recovers within 1.5 s after a loss of %d ends', async (loss) => {
    for (const seed of seeds) {
      const endMs = 15_000;
      const impairment = (sinceMs: number) => (sinceMs < endMs ? { ...CLEAN, loss } : CLEAN);
      const result = await film({ seed, codec, seconds: 20, impairment });
      judge(result);
      expect(await cleanSinceMs(result)).toBeLessThanOrEqual(endMs + 1500);
    }
  });

  it('that is dead for 30 s tells of the gap, and recovers within 1.5 s', async () => {
    const endMs = 40_000;
    const impairment = (sinceMs: number) => (sinceMs >= 10_000 && sinceMs < endMs ? BLACKOUT : CLEAN);
    const result = await film({ seed: seeds[0], codec, seconds: 50, impairment });
    judge(result);
    const back = result.given.findIndex((event) => event.type === 'unit' && event.atMs >= 10_500);
    expect(result.given[back]!.atMs).toBeLessThan(endMs + 1500);
    expect(
      result.given
        .slice(back - 2, back)
        .map(({ type }) => type)
        .toSorted(),
    ).toEqual(['discontinuity', 'loss']);
    expect(await cleanSinceMs(result)).toBeLessThanOrEqual(endMs + 1500);
    expect(result.given.at(-1)).toMatchObject({ type: 'unit', id: result.sent.length - 1 });
  });
});
