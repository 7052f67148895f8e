import { createReadStream } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openNodeAvDecoder } from '../../../pipeline/codec/node-av-decoder.ts';
import { livePictures } from '../../../pipeline/codec/node-av-picture.ts';
import { evaluateFile, meanFigures } from '../../../pipeline/eval/evaluate-file.ts';
import { FIGURE_NAMES } from '../../../pipeline/eval/figures.ts';
import type { FileReport } from '../../../pipeline/eval/file-measurement.ts';
import { createOnnxDetokenizer, type OnnxDetokenizer } from '../../../pipeline/models/onnx-detokenizer.ts';
import { createTokenEncoder, type OnnxTokenEncoder } from '../../../pipeline/models/onnx-token-encoder.ts';
import { type LoadedPack, loadPack } from '../../../pipeline/models/pack.ts';

let pack: LoadedPack;
let encoder: OnnxTokenEncoder;
let detokenizer: OnnxDetokenizer;

beforeAll(async () => {
  pack = await loadPack('models/kino-mini');
  encoder = await createTokenEncoder(pack, { provider: 'cpu', workers: 1 });
  detokenizer = await createOnnxDetokenizer(pack);
});

afterAll(async () => {
  await detokenizer?.[Symbol.asyncDispose]();
  await encoder?.close();
});

const evaluate = (name: string, maxSeconds?: number): Promise<FileReport> =>
  evaluateFile(name, createReadStream(`test/fixtures/media/${name}`, { highWaterMark: 16_384 }), {
    pack,
    encoder,
    detokenizer,
    openDecoder: openNodeAvDecoder,
    limits: { maxUnitBytes: 1 << 24, maxPixels: 1 << 22, windowUnits: 240, windowBytes: 1 << 25 },
    motion: 'auto',
    maxSeconds,
  });

describe('evaluateFile, with the pack that ships', () => {
  it('measures a panning shot: true motion gains over holding, and the sums agree', async () => {
    const { media, figures, gapsByReason } = await evaluate('city-h264-p.ts');
    expect(media).toEqual({ codec: 'h264', width: 320, height: 180, motionSource: 'bitstream' });
    const { av1Db, av1Bytes, keptShare, ...always } = figures;
    expect([av1Db, av1Bytes]).toEqual([null, null]);
    for (const [name, value] of Object.entries(always)) expect(value, name).toSatisfy(Number.isFinite);
    expect(figures.holdDb).toBeLessThan(figures.trueWarpDb!);
    expect(figures.seconds).toBeGreaterThan(2.9);
    expect(figures.seconds).toBeLessThan(3.1);
    const { visual, motion } = pack.manifest;
    const tokens = figures.tokensPerSecond! * figures.seconds!;
    const visualTokens = figures.clips! * visual.columns * visual.rows;
    expect((tokens - visualTokens) % motion.tokensPerChunk).toBeCloseTo(0, 6);
    const bits =
      visualTokens * Math.log2(visual.codebookSize) +
      (tokens - visualTokens) * Math.log2(motion.codebookSize);
    expect(figures.bitsPerSecond).toBeCloseTo(bits / figures.seconds!, 6);
    const gain = figures.trueWarpDb! - figures.holdDb!;
    if (gain >= 1.5) expect(keptShare).toBeCloseTo((figures.previewDb! - figures.holdDb!) / gain, 9);
    else expect(keptShare).toBeNull();
    expect([figures.gaps, gapsByReason]).toEqual([0, {}]);
    expect(livePictures()).toBe(0);
  });

  it('stops where it is told to, and gives back what it took', async () => {
    const { figures } = await evaluate('city-h264-p.ts', 1);
    expect(figures.seconds).toBeGreaterThan(0.9);
    expect(figures.seconds).toBeLessThan(1.7);
    expect(livePictures()).toBe(0);
  });

  it('says that a file without video has none', async () => {
    await expect(evaluate('audio-only.ts')).rejects.toMatchObject({ code: 'no-video' });
  });
});

describe('meanFigures', () => {
  it('weighs files alike and leaves out those without a figure', () => {
    const report = (keyframeDb: number | null): FileReport => ({
      file: 'a',
      media: undefined,
      gapsByReason: {},
      figures: {
        ...Object.fromEntries(FIGURE_NAMES.map((name) => [name, null])),
        keyframeDb,
      } as FileReport['figures'],
    });
    const mean = meanFigures([report(20), report(null), report(30)]);
    expect(mean.keyframeDb).toBe(25);
    expect(mean.holdDb).toBeNull();
  });
});
