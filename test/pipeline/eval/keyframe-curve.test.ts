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
import { type LoadedPack, loadPack } from '../../../pipeline/models/pack.ts';
import { DYNAMIC_PACK, LADDER_PACK, TINY_PACK } from '../../support/packs.ts';

const FILE = 'test/fixtures/media/city-h264-p.ts';
const OPTIONS = {
  openDecoder: openNodeAvDecoder,
  limits: { maxUnitBytes: 1 << 24, maxPixels: 1 << 22, windowUnits: 240, windowBytes: 1 << 25 },
  motion: 'auto',
  maxSeconds: 0.5,
} as const;
const NOTHING = Object.fromEntries(CURVE_FIGURE_NAMES.map((name) => [name, null])) as CurveFigures;
const point = (askedTokens: number, keyframeTokens: number | null): CurvePoint => ({
  ...NOTHING,
  askedTokens,
  keyframeTokens,
});

const open = (pack: LoadedPack, keyframeTokens?: number) =>
  createTokenEncoder(pack, { provider: 'cpu', workers: 1, keyframeTokens });

describe('keyframeCurve', () => {
  it('codes the keyframes that eval has at each budget, each as eval does at that budget', async () => {
    const pack = await loadPack(DYNAMIC_PACK);
    await using few = await open(pack, 64);
    await using many = await open(pack, 256);
    await using detokenizer = await createOnnxDetokenizer(pack);
    const options = { ...OPTIONS, pack, detokenizer };
    const encoders = [
      { askedTokens: 64, encoder: few },
      { askedTokens: 256, encoder: many },
    ];
    const curve = await keyframeCurve(FILE, createReadStream(FILE), { ...options, encoders });
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
    const bitmapBytes = keyframeBytes! - (keyframeTokens! * 12) / 8;
    expect(bitmapBytes).toBeGreaterThan(32 - 1e-9);
    expect(bitmapBytes).toBeLessThan(33);
    expect(curve[1]).toMatchObject({
      askedTokens: 256,
      keyframeTokens: 256,
      keyframeBytes: 384 + 32,
      thumbnailDb,
    });
    expect(curve[1]!.keyframeDb).toBeGreaterThan(keyframeDb!);
  });

  it('codes keyframes on each grid of a ladder, all beside the thumbnail of the largest', async () => {
    const pack = await loadPack(LADDER_PACK);
    await using middle = await open(pack, 200);
    await using large = await open(pack, 256);
    await using detokenizer = await createOnnxDetokenizer(pack);
    const encoders = [
      { askedTokens: 200, encoder: middle },
      { askedTokens: 256, encoder: large },
    ];
    const options = { ...OPTIONS, pack, detokenizer, encoders };
    const [few, many] = await keyframeCurve(FILE, createReadStream(FILE), options);
    expect(few).toMatchObject({ askedTokens: 200, keyframeTokens: 108, keyframeBytes: 162 });
    expect(many).toMatchObject({ askedTokens: 256, keyframeTokens: 256, keyframeBytes: 384 });
    expect(few!.keyframeDb).toBeLessThan(many!.keyframeDb!);
    expect(few!.thumbnailDb).toBe(many!.thumbnailDb);
    expect(few!.equalThumbnailDb).toBeLessThan(many!.equalThumbnailDb!);
  });
});

describe('assertHasCurve', () => {
  it('refuses a pack whose keyframes all have the same number of ids', async () => {
    const { manifest } = await loadPack(TINY_PACK);
    expect(() => assertHasCurve(manifest)).toThrow(
      'a curve needs a pack of dynamic length or with a ladder of grids, got pack-tiny, whose keyframes all have 256 ids',
    );
  });
});

describe('isWithinBudget', () => {
  it('takes what is ten per cent off at most, on either side', () => {
    const dynamic = { isDynamic: true };
    const verdicts = [107, 108, 120, 132, 133].map((tokens) => isWithinBudget(point(120, tokens), dynamic));
    expect(verdicts).toEqual([false, true, true, true, false]);
    expect(isWithinBudget(point(120, null), dynamic)).toBe(false);
  });

  it('takes any number that is no more, where the length is fixed', () => {
    const verdicts = [64, 120, 121, null].map((tokens) =>
      isWithinBudget(point(120, tokens), { isDynamic: false }),
    );
    expect(verdicts).toEqual([true, true, false, false]);
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
