import { type ChildProcess, fork } from 'node:child_process';
import type { Bench } from './bench.ts';
import { liveMeasures, lossNotes, runLive } from './live-streams.ts';
import { MeasuredServer } from './measured-server.ts';
import { percentilesOf } from './statistics.ts';

interface CrowdReport {
  readonly spreadsMs: number[];
  readonly messages: number;
  readonly incomplete: number;
}

const STREAMS = 4;

/** Four live streams with previews and 500 subscribers of one of them. */
export const fullLoad: Bench = {
  name: 'full-load',
  description: 'four live 720p30 streams with previews, 500 WebSocket subscribers of one of them',
  run: async ({ camera, isQuick }) => {
    const crowd = isQuick ? 20 : 500;
    const seconds = isQuick ? 16 : 40;
    await using server = await MeasuredServer.start();
    let report: CrowdReport | undefined;
    const outcome = await runLive({
      server,
      units: camera,
      streams: STREAMS,
      seconds,
      settleSeconds: 3,
      motion: 'bitstream',
      whileLive: async ([stream = '']) => {
        const address = `${server.url.replace('http', 'ws')}/v1/streams/${stream}/tokens`;
        report = await withCrowd(address, crowd, async () => {
          // What came while they joined is no measure of the crowd.
          await server.read();
          await new Promise((resolve) => setTimeout(resolve, (seconds - 12) * 1000));
        });
      },
    });
    const spread = percentilesOf(report?.spreadsMs ?? []);
    return {
      measures: [
        ...liveMeasures('4 streams', outcome).map((measure) =>
          measure.name.endsWith('event loop p99') ? { ...measure, atMost: 20 } : measure,
        ),
        { name: `fan-out to ${crowd} p50`, value: spread?.p50 ?? Number.NaN, unit: 'ms' },
        { name: `fan-out to ${crowd} p99`, value: spread?.p99 ?? Number.NaN, unit: 'ms', atMost: 50 },
        {
          name: 'messages made for each one a subscriber gets',
          value: outcome.made / outcome.received,
          unit: '',
          atMost: 1,
        },
      ],
      notes: [
        ...lossNotes('4 streams', outcome),
        `${spread?.count ?? 0} messages reached all ${crowd}; ${report?.incomplete ?? 0} were under way at the beginning or end`,
      ],
    };
  },
};

/** Keeps a crowd of subscribers in a process of its own for as long as `work` takes. */
async function withCrowd(address: string, crowd: number, work: () => Promise<void>): Promise<CrowdReport> {
  const child = fork(new URL('./subscriber-crowd.ts', import.meta.url), [address, String(crowd)], {
    execArgv: ['--import', 'tsx'],
  });
  try {
    await answerOf(child);
    await work();
    child.send('stop');
    return (await answerOf(child)) as CrowdReport;
  } finally {
    child.kill();
  }
}

/** The next message of a process; rejects where it ends instead. */
const answerOf = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code) => reject(new Error(`the subscribers' process ended with ${code}`)));
  });
