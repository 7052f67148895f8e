import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** One figure that a benchmark gave. */
export interface Measure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What the design wants: at most or at least this much. */
  readonly atMost?: number | undefined;
  readonly atLeast?: number | undefined;
}

/** What a benchmark gave, or why it was left out. */
export interface BenchResult {
  readonly bench: string;
  readonly measures: readonly Measure[];
  readonly seconds: number;
  /** What does not fit a table: settings, reasons, counts. */
  readonly notes: readonly string[];
}

/** Where and of what the figures were taken. */
export interface Surroundings {
  readonly takenAt: string;
  readonly commit: string;
  readonly node: string;
  readonly processor: string;
  readonly processors: number;
  readonly memoryGiB: number;
  readonly system: string;
  /** Load of the machine before the first benchmark, processes that want to run in the last minute. */
  readonly loadBefore: number;
}

/** Tells the machine, the runtime and the revision. */
export const surroundings = (): Surroundings => ({
  takenAt: new Date().toISOString(),
  commit: commitOf(),
  node: process.version,
  processor: cpus()[0]?.model ?? 'unknown',
  processors: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${process.platform} ${release()}`,
  loadBefore: loadavg()[0] ?? 0,
});

function commitOf(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=12'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

/** One benchmark as text. */
export function formatResult({ bench, measures, seconds, notes }: BenchResult): string {
  const rows = measures.map((measure) => [
    measure.name,
    formatValue(measure.value),
    measure.unit,
    formatGoal(measure),
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map(([name = '', value = '', unit = '', goal = '']) =>
    `  ${name.padEnd(widths[0] ?? 0)}  ${value.padStart(widths[1] ?? 0)} ${unit.padEnd(widths[2] ?? 0)}  ${goal}`.trimEnd(),
  );
  return [`${bench} (${seconds.toFixed(0)} s)`, ...lines, ...notes.map((note) => `  - ${note}`)].join('\n');
}

const formatValue = (value: number): string => {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2);
};

function formatGoal({ value, atMost, atLeast }: Measure): string {
  if (atMost !== undefined) return `goal at most ${atMost}: ${value <= atMost ? 'reached' : 'missed'}`;
  if (atLeast !== undefined) return `goal at least ${atLeast}: ${value >= atLeast ? 'reached' : 'missed'}`;
  return '';
}
