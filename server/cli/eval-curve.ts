import { basename } from 'node:path';
import { InvalidArgumentError } from 'commander';
import {
  assertHasCurve,
  BUDGET_TOLERANCE,
  CURVE_FIGURE_NAMES,
  type CurveOptions,
  type CurvePoint,
  isWithinBudget,
  keyframeCurve,
  meanCurve,
} from '../../pipeline/eval/keyframe-curve.ts';
import { createOnnxDetokenizer } from '../../pipeline/models/onnx-detokenizer.ts';
import { createTokenEncoder, type OnnxTokenEncoder } from '../../pipeline/models/onnx-token-encoder.ts';
import type { LoadedPack } from '../../pipeline/models/pack.ts';
import type { ProviderWish } from '../../pipeline/models/provider-choice.ts';
import { measureAll, tellResult } from './eval-files.ts';
import { evalTable } from './eval-table.ts';

export interface TellCurveOptions extends Omit<CurveOptions, 'encoders' | 'detokenizer' | 'onProgress'> {
  /** Ids a keyframe in the mean, ascending. */
  readonly budgets: readonly number[];
  readonly provider: ProviderWish;
  readonly isJson: boolean;
}

/** Reads the value of `--curve`: numbers of ids with commas between them. */
export function parseBudgets(text: string): readonly number[] {
  const budgets = text.split(',').map(Number);
  if (budgets.some((tokens) => !(Number.isInteger(tokens) && tokens > 0)))
    throw new InvalidArgumentError(
      `whole numbers above zero with commas between them are needed, got ${text}`,
    );
  return budgets.toSorted((a, b) => a - b);
}

/** Measures keyframes at several budgets and prints the curve. */
export async function tellCurve(files: readonly string[], options: TellCurveOptions): Promise<void> {
  const { pack, budgets, isJson } = options;
  assertHasCurve(pack.manifest);
  await using detokenizer = await createOnnxDetokenizer(pack);
  await using encoders = await openEncoders(options);
  const { measured, failed } = await measureAll(files, async (file, source, onProgress) => ({
    file,
    points: await keyframeCurve(file, source, {
      ...options,
      encoders: encoders.list,
      detokenizer,
      onProgress,
    }),
  }));
  const mean = meanCurve(measured.map(({ points }) => points));
  const result = { pack: pack.manifest.name, sha256: pack.sha256, budgets, files: measured, mean, failed };
  tellResult(isJson ? curveJson(result) : curveText(result), failed);
}

interface CurveFile {
  readonly file: string;
  readonly points: readonly CurvePoint[];
}

interface CurveResult {
  readonly files: readonly CurveFile[];
  readonly mean: readonly CurvePoint[];
}

const curveJson = ({ mean, ...rest }: CurveResult): string =>
  JSON.stringify({
    ...rest,
    mean: mean.map((point) => ({ ...point, isWithinBudget: isWithinBudget(point) })),
  });

function curveText({ files, mean }: CurveResult): string {
  const columns = mean.map((point) => ({ title: `${point.askedTokens} asked`, figures: point }));
  const ofFile = ({ file, points }: CurveFile): string =>
    `  ${basename(file)}: ${points.map(({ keyframeTokens, keyframeDb }) => `${fixed(keyframeTokens, 0)} ids ${fixed(keyframeDb, 2)} dB`).join(', ')}`;
  return [
    ...(mean.length > 0 ? [evalTable(columns, CURVE_FIGURE_NAMES), ''] : []),
    ...mean.map(budgetLine),
    `mean over ${files.length} files:`,
    ...files.map(ofFile),
  ].join('\n');
}

/** Whether keyframes have as many ids as were asked for in the mean, in words. */
export function budgetLine(point: Pick<CurvePoint, 'askedTokens' | 'keyframeTokens'>): string {
  const { askedTokens, keyframeTokens } = point;
  const verdict = isWithinBudget(point) ? 'within' : 'NOT within';
  return `${askedTokens} asked: ${fixed(keyframeTokens, 1)} ids a keyframe, ${verdict} ${100 * BUDGET_TOLERANCE} %`;
}

const fixed = (value: number | null, digits: number): string => value?.toFixed(digits) ?? '-';

/** One encoder for each budget. */
async function openEncoders({ pack, provider, budgets }: TellCurveOptions) {
  const list: OnnxTokenEncoder[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(list.map((encoder) => encoder.close()));
  };
  try {
    for (const keyframeTokens of budgets) list.push(await openEncoder(pack, { provider, keyframeTokens }));
  } catch (error) {
    await close();
    throw error;
  }
  return { list, [Symbol.asyncDispose]: close };
}

const openEncoder = (pack: LoadedPack, options: { provider: ProviderWish; keyframeTokens: number }) =>
  createTokenEncoder(pack, { ...options, workers: 1 });
