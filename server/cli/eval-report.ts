import { basename } from 'node:path';
import type { FileReport } from '../../pipeline/eval/file-measurement.ts';
import {
  type CodebookUse,
  IDS_PER_ENTRY,
  type NamedClip,
  type Summary,
} from '../../pipeline/eval/summary.ts';
import type { GraphMs } from '../../pipeline/models/time-graphs.ts';
import { budgetLine } from './eval-curve.ts';
import type { FailedFile } from './eval-files.ts';
import { type EvalColumn, evalTable } from './eval-table.ts';

/** The files of one set that could be measured, and what is told of them together. */
export interface EvaluatedSet {
  readonly files: readonly FileReport[];
  /** Absent where no file could be measured. */
  readonly summary: Summary | undefined;
}

/** Everything that `kinoglyph eval` tells. */
export interface EvalResult {
  readonly pack: {
    readonly name: string;
    readonly sha256: string;
    readonly bytes: number;
    /** Whether its keyframes are of dynamic length. */
    readonly isDynamic: boolean;
  };
  /** Ids a keyframe that were asked for; absent where the pack has no choice. */
  readonly askedTokens: number | undefined;
  /** Median processor time of an item on one thread, milliseconds. */
  readonly graphMs: GraphMs;
  readonly processor: string;
  readonly report: EvaluatedSet;
  /** Files that settings were chosen on; they count in no mean of the report. */
  readonly tune: EvaluatedSet;
  /** The sheet's file and its clips in reading order; absent where none was asked for. */
  readonly sheet?: { readonly file: string; readonly clips: readonly NamedClip[] } | undefined;
  readonly failed: readonly FailedFile[];
}

/** Runs of each graph whose median is told. */
export const TIMED_ROUNDS = 15;

/** The result as one line of JSON, without pixels. */
export const evalJson = ({ report, tune, sheet, ...rest }: EvalResult): string =>
  JSON.stringify({
    ...rest,
    files: [
      ...report.files.map((file) => ({ ...file, set: 'report' })),
      ...tune.files.map((file) => ({ ...file, set: 'tune' })),
    ],
    report: report.summary && plainSummary(report.summary),
    tune: tune.summary && plainSummary(tune.summary),
    sheet: sheet && { file: sheet.file, clips: sheet.clips.map(plainClip) },
  });

/** The result as text: a table of figures by file, and below it what is told of all files together. */
export function evalText(result: EvalResult): string {
  const { report, tune, pack, askedTokens, graphMs, processor, sheet } = result;
  const columns = [...columnsOf(report, 'mean of'), ...columnsOf(tune, 'tune mean of')];
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  return [
    ...(columns.length > 0 ? [evalTable(columns), ''] : []),
    ...summaryLines('report', report.summary, { askedTokens, ...pack }),
    ...summaryLines('tune', tune.summary, { askedTokens, ...pack }),
    `one thread: keyframe encode ${ms(graphMs.visualEncoder)}, decode ${ms(graphMs.visualDecoder)}; ` +
      `motion encode ${ms(graphMs.motionEncoder)}, decode ${ms(graphMs.motionDecoder)} ` +
      `(processor time, median of ${TIMED_ROUNDS} runs; ${processor})`,
    `pack on disk: ${(pack.bytes / 1e6).toFixed(2)} MB`,
    ...(sheet ? [`sheet ${sheet.file}, in reading order:`, ...sheet.clips.map(clipLine)] : []),
  ].join('\n');
}

const columnsOf = ({ files, summary }: EvaluatedSet, meanTitle: string): EvalColumn[] => [
  ...files.map(({ file, figures }) => ({ title: basename(file), figures })),
  ...(summary ? [{ title: `${meanTitle} ${files.length}`, figures: summary.mean }] : []),
];

function summaryLines(
  set: string,
  summary: Summary | undefined,
  { askedTokens, isDynamic }: Pick<EvalResult, 'askedTokens'> & { isDynamic: boolean },
): string[] {
  if (!summary) return [];
  const { files, mean, codebooks, worst, gopTokensPerSecond } = summary;
  const rate = (value: number | null): string => (value === null ? '-' : value.toFixed(0));
  return [
    `${set}: ${files.map((file) => basename(file)).join(', ')}`,
    ...(askedTokens === undefined ? [] : [`  ${budgetLine({ ...mean, askedTokens }, { isDynamic })}`]),
    `  tokens a second with a keyframe every 2 s: moving files ${rate(gopTokensPerSecond.moving)}, still ones ${rate(gopTokensPerSecond.still)}`,
    codebookLine('visual', codebooks.visual),
    codebookLine('motion', codebooks.motion),
    '  worst keyframes:',
    ...worst.map(clipLine),
  ];
}

function codebookLine(name: string, { ids, used, perplexity, share, ...use }: CodebookUse): string {
  const few = use.isEnough
    ? ''
    : `; too few for a figure to trust: ${IDS_PER_ENTRY * use.codebookSize} needed`;
  const found =
    perplexity === null || share === null
      ? 'no ids'
      : `perplexity ${perplexity.toFixed(0)} of ${use.codebookSize} (${share.toFixed(2)}), ${used} used, ${ids} ids`;
  return `  ${name} codebook, all files together: ${found}${few}`;
}

const clipLine = (clip: NamedClip): string => {
  const { file, seconds, keyframeDb, thumbnailDb, endDb } = plainClip(clip);
  const end = endDb === undefined ? '' : `, last picture ${endDb.toFixed(2)} dB`;
  return `    ${basename(file)} at ${seconds.toFixed(2)} s: ${keyframeDb.toFixed(2)} dB, thumbnail ${thumbnailDb.toFixed(2)} dB${end}`;
};

const plainSummary = ({ spread: _, worst, ...rest }: Summary) => ({
  ...rest,
  worst: worst.map(plainClip),
});

const plainClip = ({ file, keyframe, thumbnailDb, end }: NamedClip) => ({
  file,
  seconds: keyframe.seconds,
  keyframeDb: keyframe.db,
  thumbnailDb,
  endDb: end?.db,
});
