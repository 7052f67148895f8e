import { basename } from 'node:path';
import { InvalidArgumentError } from 'commander';
import {
  type AskedEncoder,
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
import type { ProviderWish } from '../../pipeline/models/provider-choice.ts';
import { measureAll, tellResult } from './eval-files.ts';
import { evalTable } from './eval-table.ts';

export interface TellCurveOptions extends Omit<CurveOptions, 'encoders' | 'detokenizer' | 'onProgress'> {
  /** Ids a keyframe, ascending; see `CurvePoint.askedTokens`. */
  readonly budgets: readonly number[];
  readonly provider: ProviderWish;
  /** Inference threads at each budget, 1 by default. */
  readonly workers: number | undefined;
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
  const length = { isDynamic: pack.manifest.visual.dynamic };
  const { name } = pack.manifest;
  const result = { pack: { name, sha256: pack.sha256, ...length }, budgets, files: measured, mean, failed };
  tellResult(isJson ? curveJson(result, length) : curveText(result, length), failed);
}

interface CurveFile {
  readonly file: string;
  readonly points: readonly CurvePoint[];
}

/** Whether the pack's keyframes are of dynamic length. */
interface Length {
  readonly isDynamic: boolean;
}

interface CurveResult {
  readonly files: readonly CurveFile[];
  readonly mean: readonly CurvePoint[];
}

const curveJson = ({ mean, ...rest }: CurveResult, length: Length): string =>
  JSON.stringify({
    ...rest,
    mean: mean.map((point) => ({ ...point, isWithinBudget: isWithinBudget(point, length) })),
  });

function curveText({ files, mean }: CurveResult, length: Length): string {
  const columns = mean.map((point) => ({ title: `${point.askedTokens} asked`, figures: point }));
  const ofFile = ({ file, points }: CurveFile): string =>
    `  ${basename(file)}: ${points.map(({ keyframeTokens, keyframeDb }) => `${fixed(keyframeTokens, 0)} ids ${fixed(keyframeDb, 2)} dB`).join(', ')}`;
  return [
    ...(mean.length > 0
      ? [`mean over ${files.length} files:`, evalTable(columns, CURVE_FIGURE_NAMES), '']
      : []),
    ...mean.map((point) => budgetLine(point, length)),
    ...(files.length > 0 ? ['files:', ...files.map(ofFile)] : []),
  ].join('\n');
}

/** Whether keyframes have as many ids as were asked for, in words; see `isWithinBudget`. */
export function budgetLine(
  point: Pick<CurvePoint, 'askedTokens' | 'keyframeTokens'>,
  length: Length,
): string {
  const { askedTokens, keyframeTokens } = point;
  const isWithin = isWithinBudget(point, length);
  const told = `${askedTokens} asked: ${fixed(keyframeTokens, 1)} ids a keyframe`;
  if (length.isDynamic) return `${told}, ${isWithin ? 'within' : 'NOT within'} ${100 * BUDGET_TOLERANCE} %`;
  return `${told}, ${isWithin ? 'no more than asked' : 'MORE than asked'}`;
}

const fixed = (value: number | null, digits: number): string => value?.toFixed(digits) ?? '-';

/** One encoder for each budget. */
async function openEncoders({ pack, provider, workers = 1, budgets }: TellCurveOptions) {
  const list: (AskedEncoder & { readonly encoder: OnnxTokenEncoder })[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(list.map(({ encoder }) => encoder.close()));
  };
  try {
    for (const askedTokens of budgets)
      list.push({
        askedTokens,
        encoder: await createTokenEncoder(pack, { provider, workers, keyframeTokens: askedTokens }),
      });
  } catch (error) {
    await close();
    throw error;
  }
  return { list, [Symbol.asyncDispose]: close };
}
