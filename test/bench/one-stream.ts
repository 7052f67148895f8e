import type { Bench } from './bench.ts';
import { liveMeasures, lossNotes, runLive } from './live-streams.ts';
import { MeasuredServer } from './measured-server.ts';
import type { Measure } from './report.ts';

/** One live 720p30 stream with tokens and preview, by both motion sources. */
export const oneStream: Bench = {
  name: 'one-stream',
  description: 'one live 720p30 stream with tokens and preview, bitstream and reencode',
  run: async ({ camera, isQuick }) => {
    const measures: Measure[] = [];
    const notes: string[] = [];
    for (const motion of ['bitstream', 'reencode'] as const) {
      await using server = await MeasuredServer.start();
      const seconds = isQuick ? 6 : 30;
      const outcome = await runLive({ server, units: camera, streams: 1, seconds, settleSeconds: 3, motion });
      measures.push(...liveMeasures(motion, outcome, { isSingle: motion === 'bitstream' }));
      notes.push(...lossNotes(motion, outcome));
    }
    return { measures, notes };
  },
};
