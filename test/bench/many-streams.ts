import type { Bench } from './bench.ts';
import { liveMeasures, lossNotes, runLive } from './live-streams.ts';
import { MeasuredServer } from './measured-server.ts';
import type { Measure } from './report.ts';

/** So many that the budget of pixels refuses none of them: what gives way is to be seen. */
const NO_BUDGET = ['--max-pixels-per-second', '1000000000'];

/** One, two, four and eight live streams at once, by both motion sources: what gives way first. */
export const manyStreams: Bench = {
  name: 'many-streams',
  description: '1, 2, 4 and 8 live 720p30 streams with previews at once: what gives way first',
  run: async ({ camera, isQuick }) => {
    const measures: Measure[] = [];
    const notes: string[] = [];
    for (const motion of ['bitstream', 'reencode'] as const) {
      for (const streams of isQuick ? [2] : [1, 2, 4, 8]) {
        await using server = await MeasuredServer.start(NO_BUDGET);
        const seconds = isQuick ? 6 : 20;
        const outcome = await runLive({ server, units: camera, streams, seconds, settleSeconds: 3, motion });
        const prefix = `${motion}, ${streams} stream${streams === 1 ? '' : 's'}`;
        measures.push(...liveMeasures(prefix, outcome));
        notes.push(...lossNotes(prefix, outcome));
      }
    }
    return { measures, notes };
  },
};
