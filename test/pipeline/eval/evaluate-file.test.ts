import { createReadStream } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { llmIdsOf } from '../../../client-sdk/protocol/llm-ids.ts';
import { openNodeAvDecoder } from '../../../pipeline/codec/node-av-decoder.ts';
import { livePictures } from '../../../pipeline/codec/node-av-picture.ts';
import {
  type EvaluateOptions,
  evaluateFile,
  type FileEvaluation,
} from '../../../pipeline/eval/evaluate-file.ts';
import { lumaOf, psnrDb } from '../../../pipeline/eval/psnr.ts';
import { createOnnxDetokenizer, type OnnxDetokenizer } from '../../../pipeline/models/onnx-detokenizer.ts';
import { createTokenEncoder, type OnnxTokenEncoder } from '../../../pipeline/models/onnx-token-encoder.ts';
import { type LoadedPack, loadPack } from '../../../pipeline/models/pack.ts';
import { layoutOf } from '../../../pipeline/models/pack-manifest.ts';
import { CONTEXT_PACK, copyPack, DYNAMIC_PACK } from '../../support/packs.ts';
import { mediaFixture, tokenizeAll } from '../../support/tokenize-bytes.ts';

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

const evaluate = (
  name: string,
  maxSeconds?: number,
  parts: Partial<EvaluateOptions> = {},
): Promise<FileEvaluation> =>
  evaluateFile(name, createReadStream(`test/fixtures/media/${name}`, { highWaterMark: 16_384 }), {
    pack,
    encoder,
    detokenizer,
    openDecoder: openNodeAvDecoder,
    limits: { maxUnitBytes: 1 << 24, maxPixels: 1 << 22, windowUnits: 240, windowBytes: 1 << 25 },
    motion: 'auto',
    spreadClips: 1,
    maxSeconds,
    ...parts,
  });

describe('evaluateFile, with the pack that ships', () => {
  it('tells how far it has come, and never goes back, not where a new size begins', async () => {
    const reached: number[] = [];
    await evaluate('motion-size-change.h264', undefined, { onProgress: (seconds) => reached.push(seconds) });
    expect(reached.at(-1)).toBeGreaterThan(0);
    expect(reached).toEqual(reached.toSorted((one, other) => one - other));
  });

  it('measures a panning shot: true motion gains over holding, and the sums agree', async () => {
    const { report, visualCodes, motionCodes, samples } = await evaluate('city-h264-p.ts');
    const { media, figures, gapsByReason } = report;
    expect(media).toEqual({ codec: 'h264', width: 320, height: 180, motionSource: 'bitstream' });
    const { av1Db, av1Bytes, overAv1Db, keptShare, stillGainDb, ...always } = figures;
    expect([av1Db, av1Bytes, overAv1Db, stillGainDb]).toEqual([null, null, null, null]);
    for (const [name, value] of Object.entries(always)) expect(value, name).toSatisfy(Number.isFinite);
    expect(figures.holdDb).toBeLessThan(figures.trueWarpDb!);
    expect(figures.seconds).toBeGreaterThan(2.9);
    expect(figures.seconds).toBeLessThan(3.1);
    const { visual, motion } = layoutOf(pack.manifest, encoder);
    const keyframeIds = visual.columns * visual.rows;
    const visualIds = figures.clips! * keyframeIds;
    expect(visualCodes.total).toBe(visualIds);
    expect(motionCodes.total % motion.tokensPerChunk).toBe(0);
    const chunks =
      (figures.tokensPerSecond! * figures.seconds! - visualIds - motionCodes.total) / 2 - figures.clips!;
    expect(chunks).toBeCloseTo(Math.round(chunks), 6);
    expect(chunks).toBeGreaterThanOrEqual(motionCodes.total / motion.tokensPerChunk - 1e-6);
    const bits =
      visualIds * Math.log2(visual.codebookSize) + motionCodes.total * Math.log2(motion.codebookSize);
    expect(figures.bitsPerSecond).toBeCloseTo(bits / figures.seconds!, 6);
    expect([figures.keyframeTokens, figures.keyframeBytes]).toEqual([keyframeIds, keyframeIds * 1.5]);
    const gain = figures.trueWarpDb! - figures.holdDb!;
    if (gain >= 1.5) expect(keptShare).toBeCloseTo((figures.previewDb! - figures.holdDb!) / gain, 9);
    else expect(keptShare).toBeNull();
    const [sample] = samples.spread;
    expect(sample!.end!.seconds).toBeGreaterThan(sample!.keyframe.seconds);
    expect(psnrDb(sample!.keyframe.rebuilt, sample!.keyframe.original)).toBe(sample!.keyframe.db);
    expect(psnrDb(lumaOf(sample!.end!.rebuilt), lumaOf(sample!.end!.original))).toBe(sample!.end!.db);
    expect(samples.worst).toHaveLength(figures.clips!);
    expect([figures.gaps, gapsByReason]).toEqual([0, {}]);
    expect(livePictures()).toBe(0);
  });

  it('stops where it is told to, and gives back what it took', async () => {
    const { figures } = (await evaluate('city-h264-p.ts', 1)).report;
    expect(figures.seconds).toBeGreaterThan(0.9);
    expect(figures.seconds).toBeLessThan(1.7);
    expect(livePictures()).toBe(0);
  });

  it('says that a file without video has none', async () => {
    await expect(evaluate('audio-only.ts')).rejects.toMatchObject({ code: 'no-video' });
  });
});

describe('evaluateFile, with a pack of dynamic length that codes motion in view of the chunk before', () => {
  it('counts what the messages hold: ids, positions, SKIP ids, and the motion that they decode to', async () => {
    await using copy = await copyDynamicContextPack();
    const dynamic = await loadPack(copy.folder);
    await using sparse = await createTokenEncoder(dynamic, {
      provider: 'cpu',
      workers: 1,
      keyframeTokens: 64,
    });
    await using decoder = await createOnnxDetokenizer(dynamic);
    const name = 'city-h264-p.ts';
    const parts = { pack: dynamic, encoder: sparse };
    const messages = await tokenizeAll(createReadStream(mediaFixture(name)), parts);
    const { report, visualCodes, motionCodes } = await evaluate(name, undefined, {
      ...parts,
      detokenizer: decoder,
    });
    const { figures } = report;
    const layout = layoutOf(dynamic.manifest, sparse);
    const visuals = messages.filter((message) => message.type === 'visual');
    const motions = messages.filter((message) => message.type === 'motion');
    const count = (of: readonly { readonly ids: readonly number[] }[]): number =>
      of.reduce((sum, { ids }) => sum + ids.length, 0);
    const flat = [...visuals, ...motions].reduce(
      (sum, message) => sum + llmIdsOf(message, layout.llm).length,
      0,
    );
    expect(flat).toBeGreaterThan(count(visuals) + count(motions) + 2 * (visuals.length + motions.length));
    expect(figures.tokensPerSecond! * figures.seconds!).toBeCloseTo(flat, 6);
    expect([visualCodes.total, motionCodes.total]).toEqual([count(visuals), count(motions)]);
    expect(figures.keyframeTokens).toBeCloseTo(count(visuals) / visuals.length, 9);
    expect(figures.bitsPerSecond! * figures.seconds!).toBeCloseTo(
      12 * count(visuals) + 256 * visuals.length + 10 * count(motions),
      6,
    );
    expect(figures.keyframeBytes).toBeLessThan(384);
    expect(figures.motionExplained).toSatisfy(Number.isFinite);
  });
});

/** The keyframes of one pack of the fixtures with the motion of another. */
async function copyDynamicContextPack() {
  const copy = await copyPack(DYNAMIC_PACK);
  const { manifest, graphs } = await loadPack(CONTEXT_PACK);
  await copyFile(graphs.motionEncoder, join(copy.folder, manifest.motion.encoder.file));
  const { motionDecoder } = manifest.detokenizers.warp;
  await copyFile(graphs.motionDecoder, join(copy.folder, motionDecoder.file));
  await copy.edit((mine) => {
    mine.motion = manifest.motion;
    mine.detokenizers = { warp: { ...mine.detokenizers.warp, motionDecoder } };
  });
  return copy;
}
