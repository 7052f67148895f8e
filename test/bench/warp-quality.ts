import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Bench } from './bench.ts';

/** Ways to rebuild pictures from keyframes and motion, compared on the clips. */
export const warpQuality: Bench = {
  name: 'warp-variants',
  description: 'decibels of the ways to warp, on the clips (a table of its own: test/bench/warp-variants.ts)',
  run: async ({ clips, isQuick }) => {
    const args = [
      '--import',
      'tsx',
      'test/bench/warp-variants.ts',
      '--seconds',
      isQuick ? '1' : '8',
      ...clips,
    ];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return { measures: [], notes: stdout.trim().split('\n') };
  },
};
