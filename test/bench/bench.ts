import type { Measure } from './report.ts';
import type { ScheduledUnit } from './ts-schedule.ts';

/** What a benchmark is given. */
export interface BenchContext {
  /** MPEG-TS of a camera: path, and cut into pictures. */
  readonly cameraPath: string;
  readonly camera: readonly ScheduledUnit[];
  /** The clips that the camera sees. */
  readonly clips: readonly string[];
  /** Folders of packs to compare. */
  readonly packs: readonly string[];
  /** A few rounds only, to see whether everything works: the figures mean nothing. */
  readonly isQuick: boolean;
}

/** What a benchmark found. */
export interface BenchOutcome {
  readonly measures: readonly Measure[];
  readonly notes?: readonly string[] | undefined;
}

/** A benchmark by name. */
export interface Bench {
  readonly name: string;
  readonly description: string;
  run(context: BenchContext): Promise<BenchOutcome>;
}
