import { type ClipSample, type ClipSamples, WORST_CLIPS, worstOf } from './clip-samples.ts';
import { CodeUse } from './code-use.ts';
import type { FileEvaluation } from './evaluate-file.ts';
import { FIGURE_NAMES, type Figures, isMoving } from './figures.ts';
import { meanOf } from './mean.ts';

/** Ids for each entry of a codebook from which on the perplexity of their use can be trusted. */
export const IDS_PER_ENTRY = 20;

/** The use of a codebook in all files together. */
export interface CodebookUse {
  readonly codebookSize: number;
  /** Ids counted. */
  readonly ids: number;
  /** Entries used at least once. */
  readonly used: number;
  readonly perplexity: number | null;
  /** Perplexity as a share of the codebook's size. */
  readonly share: number | null;
  /** Whether there are `IDS_PER_ENTRY` ids for each entry: with fewer, the perplexity is too low. */
  readonly isEnough: boolean;
}

/** A clip of a file by its keyframe. */
export interface NamedClip extends ClipSample {
  readonly file: string;
}

/** What is told of a set of files together. */
export interface Summary {
  readonly files: readonly string[];
  /** The mean over files of each figure, of those files that have it. */
  readonly mean: Figures;
  /** Tokens a second with a keyframe every 2 s, the mean over moving files and over still ones; null without such files. */
  readonly gopTokensPerSecond: { readonly moving: number | null; readonly still: number | null };
  readonly codebooks: { readonly visual: CodebookUse; readonly motion: CodebookUse };
  /** The clips with the worst keyframes, the worst first. */
  readonly worst: readonly NamedClip[];
  /** The clips that were kept of each file for a sheet. */
  readonly spread: readonly NamedClip[];
}

/** Sums up the evaluations of at least one file, all of one pack. */
export function summarize(evaluations: readonly FileEvaluation[]): Summary {
  const reports = evaluations.map(({ report }) => report);
  const tokensWhere = (isWanted: (figures: Figures) => boolean): number | null =>
    meanOf(reports.map(({ figures }) => (isWanted(figures) ? figures.gopTokensPerSecond : null)));
  const means = FIGURE_NAMES.map((name) => [name, meanOf(reports.map(({ figures }) => figures[name]))]);
  const named = (clipsOf: (samples: ClipSamples) => readonly ClipSample[]): NamedClip[] =>
    evaluations.flatMap(({ report: { file }, samples }) =>
      clipsOf(samples).map((clip) => ({ file, ...clip })),
    );
  return {
    files: reports.map(({ file }) => file),
    mean: Object.fromEntries(means) as Figures,
    gopTokensPerSecond: {
      moving: tokensWhere(isMoving),
      still: tokensWhere((figures) => !isMoving(figures)),
    },
    codebooks: {
      visual: togetherOf(evaluations.map(({ visualCodes }) => visualCodes)),
      motion: togetherOf(evaluations.map(({ motionCodes }) => motionCodes)),
    },
    worst: worstOf(
      named(({ worst }) => worst),
      WORST_CLIPS,
    ),
    spread: named(({ spread }) => spread),
  };
}

function togetherOf(uses: readonly CodeUse[]): CodebookUse {
  const codebookSize = uses[0]?.codebookSize ?? 0;
  const all = new CodeUse(codebookSize);
  for (const use of uses) all.merge(use);
  const { perplexity } = all;
  return {
    codebookSize,
    ids: all.total,
    used: all.used,
    perplexity,
    share: perplexity === null ? null : perplexity / codebookSize,
    isEnough: all.total >= IDS_PER_ENTRY * codebookSize,
  };
}
