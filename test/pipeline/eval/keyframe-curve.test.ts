import { createReadStream } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openNodeAvDecoder } from '../../../pipeline/codec/node-av-decoder.ts';
import { evaluateFile } from '../../../pipeline/eval/evaluate-file.ts';
import {
  assertHasCurve,
  CURVE_FIGURE_NAMES,
  type CurveFigures,
  type CurvePoint,
  isWithinBudget,
  keyframeCurve,
  meanCurve,
} from '../../../pipeline/eval/keyframe-curve.ts';
import { createOnnxDetokenizer } from '../../../pipeline/models/onnx-detokenizer.ts';
import { createTokenEncoder } from '../../../pipeline/models/onnx-token-encoder.ts';
import { loadPack } from '../../../pipeline/models/pack.ts';
import { DYNAMIC_PACK, TINY_PACK } from '../../support/packs.ts';

const FILE = 'test/fixtures/media/city-h264-p.ts';
const NOTHING = Object.fromEntries(CURVE_FIGURE_NAMES.map((name) => [name, null])) as CurveFigures;
const point = (askedTokens: number, keyframeTokens: number | null): CurvePoint => ({
  ...NOTHING,
  askedTokens,
  keyframeTokens,
});

describe('keyframeCurve', () => {
  it('codes the keyframes that eval has at each budget, each as eval does at that budget', async () => {
    const pack = await loadPack(DYNAMIC_PACK);
    const open = (keyframeTokens: number) =>
      createTokenEncoder(pack, { provider: 'cpu', workers: 1, keyframeTokens });
    await using few = await open(64);
    await using many = await open(256);
    await using detokenizer = await createOnnxDetokenizer(pack);
    const options = {
      pack,
      detokenizer,
      openDecoder: openNodeAvDecoder,
      limits: { maxUnitBytes: 1 << 24, maxPixels: 1 << 22, windowUnits: 240, windowBytes: 1 << 25 },
      motion: 'auto',
      maxSeconds: 0.5,
    } as const;
    const curve = await keyframeCurve(FILE, createReadStream(FILE), { ...options, encoders: [few, many] });
    const { report } = await evaluateFile(FILE, createReadStream(FILE), { ...options, encoder: few });
    const { keyframeTokens, keyframeBytes, keyframeDb, thumbnailDb, overThumbnailDb, equalThumbnailDb } =
      report.figures;
    const ofEval = {
      keyframeTokens,
      keyframeBytes,
      keyframeDb,
      thumbnailDb,
      overThumbnailDb,
      equalThumbnailDb,
    };
    expect(curve[0]).toEqual({ ...NOTHING, ...ofEval, askedTokens: 64 });
    // 256 bits say which cells have an id of 12 bits.
    expect(keyframeBytes! - (keyframeTokens! * 12) / 8).toBeCloseTo(32, -1);
    expect(curve[1]).toMatchObject({
      askedTokens: 256,
      keyframeTokens: 256,
      keyframeBytes: 384 + 32,
      thumbnailDb,
    });
    expect(curve[1]!.keyframeDb).toBeGreaterThan(keyframeDb!);
  });
});

describe('assertHasCurve', () => {
  it('refuses a pack whose keyframes all have the same number of ids', async () => {
    const { manifest } = await loadPack(TINY_PACK);
    expect(() => assertHasCurve(manifest)).toThrow('a curve needs a pack of dynamic length, got pack-tiny');
  });
});

describe('isWithinBudget', () => {
  it('takes what is ten per cent off at most, on either side', () => {
    const verdicts = [107, 108, 120, 132, 133].map((tokens) => isWithinBudget(point(120, tokens)));
    expect(verdicts).toEqual([false, true, true, true, false]);
    expect(isWithinBudget(point(120, null))).toBe(false);
  });
});

describe('meanCurve', () => {
  it('takes the mean over files, budget by budget', () => {
    const curves = [
      [point(64, 60), point(128, 100)],
      [point(64, 70), point(128, null)],
    ];
    expect(meanCurve(curves)).toEqual([point(64, 65), point(128, 100)]);
    expect(meanCurve([])).toEqual([]);
  });
});
