import { describe, expect, it } from 'vitest';
import { ClipSamples } from '../../../pipeline/eval/clip-samples.ts';
import { CodeUse } from '../../../pipeline/eval/code-use.ts';
import type { FileEvaluation } from '../../../pipeline/eval/evaluate-file.ts';
import { FIGURE_NAMES, type Figures } from '../../../pipeline/eval/figures.ts';
import { summarize } from '../../../pipeline/eval/summary.ts';
import { clipSample } from '../../support/clip-sample.ts';

interface Made {
  readonly keyframeDb?: number | null;
  readonly movingCells?: number;
  readonly gopTokensPerSecond?: number;
  readonly visual?: readonly number[];
  readonly dbs?: readonly number[];
}

function evaluation(file: string, { visual = [], dbs = [], ...given }: Made): FileEvaluation {
  const figures = Object.fromEntries(FIGURE_NAMES.map((name) => [name, null])) as unknown as Figures;
  const [visualCodes, motionCodes] = [new CodeUse(2), new CodeUse(8)];
  visualCodes.add(visual);
  const samples = new ClipSamples({ worst: 5, spread: 1 });
  for (const [at, db] of dbs.entries()) samples.add(clipSample(db, at));
  const report = { file, media: undefined, gapsByReason: {}, figures: { ...figures, ...given } };
  return { report, visualCodes, motionCodes, samples };
}

describe('summarize', () => {
  it('weighs files alike and leaves out those without a figure', () => {
    const { mean, files } = summarize([
      evaluation('a', { keyframeDb: 20 }),
      evaluation('b', {}),
      evaluation('c', { keyframeDb: 30 }),
    ]);
    expect(files).toEqual(['a', 'b', 'c']);
    expect(mean.keyframeDb).toBe(25);
    expect(mean.holdDb).toBeNull();
  });

  it('tells the rate of tokens of moving and of still files apart', () => {
    const files = [
      { movingCells: 0.05, gopTokensPerSecond: 100 },
      { movingCells: 0.049, gopTokensPerSecond: 30 },
      { movingCells: 0.9, gopTokensPerSecond: 140 },
    ].map((made, at) => evaluation(`${at}`, made));
    expect(summarize(files).gopTokensPerSecond).toEqual({ moving: 120, still: 30 });
    expect(summarize(files.slice(1, 2)).gopTokensPerSecond).toEqual({ moving: null, still: 30 });
  });

  it('takes the perplexity of the ids of all files together, and says whether they are enough', () => {
    const sum = (...ids: number[][]) =>
      summarize(ids.map((visual, at) => evaluation(`${at}`, { visual }))).codebooks;
    const few = sum([0, 0, 0], [1, 1, 1]);
    expect(few.visual).toEqual({
      codebookSize: 2,
      ids: 6,
      used: 2,
      perplexity: 2,
      share: 1,
      isEnough: false,
    });
    expect(few.motion).toMatchObject({ ids: 0, perplexity: null, share: null, isEnough: false });
    // 20 for each of two entries.
    const ids = (count: number): number[] => new Array<number>(count).fill(0);
    expect(sum(ids(19), ids(20)).visual.isEnough).toBe(false);
    expect(sum(ids(20), ids(20)).visual.isEnough).toBe(true);
  });

  it('names the five worst keyframes of all files, the worst first', () => {
    const { worst, spread } = summarize([
      evaluation('a', { dbs: [30, 21, 40] }),
      evaluation('b', { dbs: [22, 20, 50, 23] }),
    ]);
    expect(worst.map(({ file, keyframe }) => [file, keyframe.db, keyframe.seconds])).toEqual([
      ['b', 20, 1],
      ['a', 21, 1],
      ['b', 22, 0],
      ['b', 23, 3],
      ['a', 30, 0],
    ]);
    expect(spread.map(({ file, keyframe }) => [file, keyframe.db])).toEqual([
      ['a', 21],
      ['b', 50],
    ]);
  });
});
