import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { Command, Option } from 'commander';
import { openNodeAvDecoder } from '../../pipeline/codec/node-av-decoder.ts';
import { reasonOf } from '../../pipeline/errors.ts';
import { av1Yardstick } from '../../pipeline/eval/av1-yardstick.ts';
import { type EvaluateOptions, evaluateFile, meanFigures } from '../../pipeline/eval/evaluate-file.ts';
import type { FileReport } from '../../pipeline/eval/file-measurement.ts';
import { createOnnxDetokenizer } from '../../pipeline/models/onnx-detokenizer.ts';
import { createTokenEncoder } from '../../pipeline/models/onnx-token-encoder.ts';
import { loadPack } from '../../pipeline/models/pack.ts';
import { MOTION_CHOICES, type MotionChoice } from '../../pipeline/tokenizer.ts';
import { loadConfig } from '../config.ts';
import { evalTable, figureDefinitions } from './eval-table.ts';
import { parsePositive } from './number-option.ts';
import { keyframeTokensOption, packFolder, packOptions } from './pack-options.ts';
import { createProgress } from './progress.ts';

interface EvalFlags {
  readonly pack?: string;
  readonly models?: string;
  readonly provider?: string;
  readonly workers?: number;
  readonly keyframeTokens?: number;
  readonly motion: MotionChoice;
  readonly seconds?: number;
  readonly fps?: number;
  readonly av1: boolean;
  readonly json?: true;
}

const DEFINITIONS = `
Figures (each for every file, and as the mean over the files that have it, all files alike whatever their length):
${figureDefinitions()}

Pictures are compared at the size of the pack, squashed to it by area. A PSNR above 58.92 dB, the noise of
rounding to uint8, counts as that.

Inputs are those of tokenize. Others become one of them without new coding:
  AVI with MPEG-4:      ffmpeg -fflags +genpts -i in.avi -map 0:v -c copy -f matroska out.mkv
  MPEG program stream:  ffmpeg -i in.mpg -map 0:v -c copy -f mpegts out.ts
  MOV, FLV, index last: ffmpeg -i in.mov -map 0:v -c copy -movflags +faststart out.mp4
and other codecs (MS-MPEG-4, Cinepak, …) by coding them anew, nearly without loss:
  ffmpeg -i in.avi -map 0:v -c:v libx264 -crf 12 -bf 0 -refs 1 -f mpegts out.ts

Exit codes: 0 done, 1 a file failed (the others are still measured), 2 bad usage.`;

/** `kinoglyph eval`: quality and rates of files, as a table or JSON. */
export const evalCommand = (): Command =>
  packOptions(
    new Command('eval')
      .description('Measure quality and rates: tokenize files, rebuild them from the tokens, compare.')
      .argument('<inputs...>', 'files, as tokenize takes them')
      .addOption(
        new Option('--motion <source>', 'where motion vectors come from')
          .choices(MOTION_CHOICES)
          .default('auto'),
      )
      .option('--seconds <number>', 'measure only the first seconds of each file', parsePositive)
      .option('--fps <number>', 'pictures a second of files that declare no rate', parsePositive)
      .option('--workers <count>', 'inference threads', parsePositive)
      .addOption(keyframeTokensOption())
      .option('--no-av1', 'leave out the comparison with AV1, which takes most of the time')
      .option('--json', 'print {files, mean, failed} as JSON'),
  )
    .addHelpText('after', DEFINITIONS)
    .action(run);

async function run(inputs: readonly string[], flags: EvalFlags): Promise<void> {
  const config = loadConfig({ flags: { provider: flags.provider, keyframeTokens: flags.keyframeTokens } });
  const pack = await loadPack(packFolder(flags));
  await using encoder = await createTokenEncoder(pack, {
    provider: config.provider,
    keyframeTokens: config.keyframeTokens,
    workers: flags.workers,
  });
  await using detokenizer = await createOnnxDetokenizer(pack);
  const { files, failed } = await evaluateAll(inputs, {
    pack,
    encoder,
    detokenizer,
    openDecoder: openNodeAvDecoder,
    stillCodec: flags.av1 ? av1Yardstick : undefined,
    limits: config,
    motion: flags.motion,
    framesPerSecond: flags.fps,
    maxSeconds: flags.seconds,
  });
  const mean = meanFigures(files);
  if (flags.json)
    print(JSON.stringify({ pack: pack.manifest.name, sha256: pack.sha256, files, mean, failed }));
  else if (files.length > 0)
    print(evalTable([...files.map(toColumn), { title: `mean of ${files.length}`, figures: mean }]));
  for (const { file, error } of failed) process.stderr.write(`kinoglyph: ${file}: ${error}\n`);
  if (failed.length > 0) process.exitCode = 1;
}

interface Failure {
  readonly file: string;
  readonly error: string;
}

async function evaluateAll(
  inputs: readonly string[],
  options: EvaluateOptions,
): Promise<{ files: readonly FileReport[]; failed: readonly Failure[] }> {
  const files: FileReport[] = [];
  const failed: Failure[] = [];
  for (const [index, file] of inputs.entries()) {
    let seconds = 0;
    const onProgress = (reached: number): void => {
      seconds = reached;
    };
    const title = `eval ${index + 1} of ${inputs.length}, ${file}`;
    const progress = createProgress(title, () => `${seconds.toFixed(1)} s`);
    try {
      files.push(await evaluateFile(file, createReadStream(file), { ...options, onProgress }));
    } catch (error) {
      failed.push({ file, error: reasonOf(error) });
    } finally {
      progress.stop();
    }
  }
  return { files, failed };
}

const toColumn = ({ file, figures }: FileReport) => ({ title: basename(file), figures });

const print = (text: string): void => void process.stdout.write(`${text}\n`);
