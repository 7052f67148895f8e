import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { Bench, BenchContext } from './bench.ts';
import { type LiveOutcome, lossNotes, runLive } from './live-streams.ts';
import { MeasuredServer } from './measured-server.ts';
import type { Measure } from './report.ts';
import { percentilesOf } from './statistics.ts';

/** So many that the budget of pixels refuses none of them. */
const NO_BUDGET = ['--max-pixels-per-second', '1000000000'];
const ROUNDS = 2;

interface Load {
  readonly motion: 'bitstream' | 'reencode';
  readonly streams: number;
}

const LOADS: readonly Load[] = [
  { motion: 'bitstream', streams: 1 },
  { motion: 'bitstream', streams: 4 },
  { motion: 'reencode', streams: 1 },
  { motion: 'reencode', streams: 4 },
];

/** The same live streams with each of the named packs in turn, and what each costs of the first. */
export const packs: Bench = {
  name: 'packs',
  description:
    '1 and 4 live 720p30 streams with previews, with each of --packs in turn: what each costs of the first',
  run: async (context) => {
    if (context.packs.length < 2) return { measures: [], notes: ['left out: --packs names two or more'] };
    const measures: Measure[] = [];
    const notes: string[] = [];
    for (const load of context.isQuick ? LOADS.slice(0, 1) : LOADS) {
      const outcomes = await takeTurns(context, load);
      const first = meanOf(outcomes[0]?.map(({ cpuPercent }) => cpuPercent) ?? []);
      for (const [index, rounds] of outcomes.entries()) {
        const prefix = `${load.motion}, ${load.streams}, ${labelOf(context.packs, index)}`;
        measures.push(...measuresOf(prefix, rounds));
        const ratio = meanOf(rounds.map(({ cpuPercent }) => cpuPercent)) / first;
        if (index > 0) measures.push({ name: `${prefix}: processor of the first`, value: ratio, unit: 'x' });
        notes.push(
          `${prefix}: processor ${rounds.map(({ cpuPercent }) => cpuPercent.toFixed(1)).join(', ')} % by round`,
          ...rounds.flatMap((outcome) => lossNotes(prefix, outcome)),
        );
      }
    }
    return { measures, notes: [...new Set(notes)] };
  },
};

/** Every pack once a round, each second round backwards, so that no pack has the warmer machine. By pack, then round. */
async function takeTurns(
  { packs: folders, camera, isQuick }: BenchContext,
  load: Load,
): Promise<LiveOutcome[][]> {
  const outcomes: LiveOutcome[][] = folders.map(() => []);
  for (let round = 0; round < (isQuick ? 1 : ROUNDS); round++) {
    const order = [...folders.entries()];
    for (const [index, folder] of round % 2 === 0 ? order : order.reverse()) {
      await using alone = await isolate(folder);
      await using server = await MeasuredServer.start([...NO_BUDGET, ...alone.flags]);
      const seconds = isQuick ? 6 : 18;
      outcomes[index]?.push(await runLive({ server, units: camera, seconds, settleSeconds: 3, ...load }));
    }
  }
  return outcomes;
}

/** A folder of models with one pack only: a server loads all that lie beside its own. */
async function isolate(pack: string): Promise<AsyncDisposable & { readonly flags: readonly string[] }> {
  const models = await mkdtemp(join(tmpdir(), 'kinoglyph-packs-'));
  await cp(pack, join(models, 'pack'), { recursive: true });
  return {
    flags: ['--models', models, '--pack', 'pack'],
    [Symbol.asyncDispose]: () => rm(models, { recursive: true }),
  };
}

function measuresOf(prefix: string, rounds: readonly LiveOutcome[]): Measure[] {
  const mean = (value: (outcome: LiveOutcome) => number): number => meanOf(rounds.map(value));
  const p95 = (sample: (outcome: LiveOutcome) => readonly number[]): number =>
    percentilesOf(rounds.flatMap(sample))?.p95 ?? Number.NaN;
  return [
    { name: `${prefix}: processor`, value: mean(({ cpuPercent }) => cpuPercent), unit: '% of one' },
    { name: `${prefix}: keyframe tokens p95`, value: p95(({ keyframeMs }) => keyframeMs), unit: 'ms' },
    { name: `${prefix}: motion tokens p95`, value: p95(({ motionMs }) => motionMs), unit: 'ms' },
    { name: `${prefix}: in gaps`, value: mean(({ lostPercent }) => lostPercent), unit: '% of media' },
    { name: `${prefix}: preview pictures`, value: mean(({ previewPictures }) => previewPictures), unit: '' },
    { name: `${prefix}: memory`, value: mean(({ rssBytes }) => rssBytes) / 2 ** 20, unit: 'MiB' },
  ];
}

/** A pack's folder, by its last part unless two share that. */
function labelOf(folders: readonly string[], index: number): string {
  const name = basename(resolve(folders[index] ?? ''));
  return folders.filter((folder) => basename(resolve(folder)) === name).length > 1
    ? (folders[index] ?? '')
    : name;
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
