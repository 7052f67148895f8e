import { MeasuredServer, type Reading } from './measured-server.ts';
import type { Measure } from './report.ts';

/** How long streams stay after their publisher has gone, ms: briefly, so that what stays longer is a leak. */
export const LINGER_MS = 200;

/** Publishers by number, whose streams get names of their own. */
export interface CycleRange {
  readonly first: number;
  readonly count: number;
}

export interface CyclesOptions {
  /** Cycles before the first reading, by when caches and pools are full. */
  readonly warmUp: number;
  readonly cycles: number;
  /** What resident memory may grow by, MiB. */
  readonly growthMib: number;
  /** Lets publishers come and go; resolves when the server has nothing of them any more. */
  readonly run: (url: string, range: CycleRange) => Promise<void>;
}

/** What many cycles cost, garbage collected before and after. */
export interface CyclesOutcome {
  /** Memory: growth, and what is resident at the end. */
  readonly memory: readonly Measure[];
  /** Of one cycle, ms: of the processor, and by the clock. */
  readonly cpuMs: number;
  readonly elapsedMs: number;
}

/** Runs cycles against a server of their own. */
export async function measureCycles({
  warmUp,
  cycles,
  growthMib,
  run,
}: CyclesOptions): Promise<CyclesOutcome> {
  await using server = await MeasuredServer.start(['--linger-ms', String(LINGER_MS)]);
  await run(server.url, { first: 0, count: warmUp });
  const before = await server.read({ collect: true });
  const beganMs = performance.now();
  await run(server.url, { first: warmUp, count: cycles });
  const elapsedMs = (performance.now() - beganMs) / cycles;
  const after = await server.read({ collect: true });
  return {
    memory: memoryOf(before, after, growthMib),
    cpuMs: (after.cpuMs - before.cpuMs) / cycles,
    elapsedMs,
  };
}

function memoryOf(before: Reading, after: Reading, atMost: number): Measure[] {
  const mib = (bytes: number): number => bytes / 2 ** 20;
  return [
    { name: 'growth of resident memory', value: mib(after.rssBytes - before.rssBytes), unit: 'MiB', atMost },
    { name: 'growth of the heap', value: mib(after.heapBytes - before.heapBytes), unit: 'MiB' },
    { name: 'resident memory', value: mib(after.rssBytes), unit: 'MiB' },
  ];
}
