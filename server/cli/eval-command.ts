import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { encodePng } from '../../pipeline/codec/encode-png.ts';
import { openNodeAvDecoder } from '../../pipeline/codec/node-av-decoder.ts';
import { ConfigError } from '../../pipeline/errors.ts';
import { av1Yardstick } from '../../pipeline/eval/av1-yardstick.ts';
import { contactSheet } from '../../pipeline/eval/contact-sheet.ts';
import {
  type EvaluateOptions,
  evaluateFile,
  type FileEvaluation,
} from '../../pipeline/eval/evaluate-file.ts';
import { folderBytes } from '../../pipeline/eval/folder-bytes.ts';
import { type NamedClip, type Summary, summarize } from '../../pipeline/eval/summary.ts';
import { createOnnxDetokenizer } from '../../pipeline/models/onnx-detokenizer.ts';
import { createTokenEncoder } from '../../pipeline/models/onnx-token-encoder.ts';
import { type LoadedPack, loadPack } from '../../pipeline/models/pack.ts';
import type { ProviderWish } from '../../pipeline/models/provider-choice.ts';
import { timeGraphs } from '../../pipeline/models/time-graphs.ts';
import { MOTION_CHOICES, type MotionChoice } from '../../pipeline/tokenizer.ts';
import { loadConfig } from '../config.ts';
import { parseBudgets, tellCurve } from './eval-curve.ts';
import { measureAll, tellResult } from './eval-files.ts';
import { type EvalResult, type EvaluatedSet, evalJson, evalText, TIMED_ROUNDS } from './eval-report.ts';
import { figureDefinitions } from './eval-table.ts';
import { parsePositive } from './number-option.ts';
import { keyframeTokensOption, packFolder, packOptions } from './pack-options.ts';

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
  readonly tune?: readonly string[];
  readonly curve?: readonly number[];
  readonly sheet?: string;
  readonly json?: true;
}

/** Clips of each file on a sheet, beside the worst of all. */
const SHEET_CLIPS = 2;
const CLIPS_PER_BAND = 8;

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
      .option(
        '--tune <files...>',
        'files that settings were chosen on: measured too, told apart, in no mean of the others',
      )
      .addOption(
        new Option(
          '--curve <counts>',
          'only keyframes, of a pack of dynamic length or with a ladder of grids, at each of these numbers of ids, as 64,100,144,256',
        )
          .argParser(parseBudgets)
          .conflicts(['tune', 'sheet', 'keyframeTokens']),
      )
      .option(
        '--sheet <file>',
        `write a PNG: of ${SHEET_CLIPS} clips of each file and the worst, the keyframe and the last picture, original over rebuilt`,
      )
      .option('--json', 'print the result as JSON, whose fields docs/eval.md tells'),
  )
    .addHelpText('after', DEFINITIONS)
    .action(run);

async function run(inputs: readonly string[], flags: EvalFlags): Promise<void> {
  const both = flags.tune?.find((file) => inputs.includes(file));
  if (both !== undefined)
    throw new ConfigError('bad-config', `a file must be an input or one of --tune, got ${both} as both`);
  const config = loadConfig({ flags: { provider: flags.provider, keyframeTokens: flags.keyframeTokens } });
  const options = {
    pack: await loadPack(packFolder(flags)),
    openDecoder: openNodeAvDecoder,
    stillCodec: flags.av1 ? av1Yardstick : undefined,
    limits: config,
    motion: flags.motion,
    framesPerSecond: flags.fps,
    maxSeconds: flags.seconds,
  };
  const { provider, keyframeTokens } = config;
  if (flags.curve)
    await tellCurve(inputs, {
      ...options,
      budgets: flags.curve,
      provider,
      workers: flags.workers,
      isJson: flags.json === true,
    });
  else await tellFigures(inputs, flags, { ...options, provider, keyframeTokens });
}

interface TellFiguresOptions extends Omit<EvaluateOptions, 'encoder' | 'detokenizer' | 'onProgress'> {
  readonly provider: ProviderWish;
  readonly keyframeTokens: number | undefined;
}

async function tellFigures(
  inputs: readonly string[],
  { tune = [], sheet: sheetFile, workers, json }: EvalFlags,
  { provider, keyframeTokens, ...options }: TellFiguresOptions,
): Promise<void> {
  const { pack } = options;
  // Before the encoder's threads start, so that the process does nothing beside.
  const graphMs = await timeGraphs(pack, { rounds: TIMED_ROUNDS, now: processorMs, keyframeTokens });
  await using encoder = await createTokenEncoder(pack, { provider, keyframeTokens, workers });
  await using detokenizer = await createOnnxDetokenizer(pack);
  const spreadClips = sheetFile === undefined ? 0 : SHEET_CLIPS;
  const { measured, failed } = await measureAll([...inputs, ...tune], (file, source, onProgress) =>
    evaluateFile(file, source, { ...options, encoder, detokenizer, spreadClips, onProgress }),
  );
  const isTune = ({ report }: FileEvaluation): boolean => tune.includes(report.file);
  const { name, visual } = pack.manifest;
  const result: EvalResult = {
    pack: {
      name,
      sha256: pack.sha256,
      bytes: await folderBytes(pack.folder),
      isDynamic: visual.dynamic,
    },
    askedTokens: keyframeTokens ?? encoder.keyframeTokens,
    graphMs,
    processor: encoder.runtime.processor,
    report: setOf(measured.filter((each) => !isTune(each))),
    tune: setOf(measured.filter(isTune)),
    failed,
  };
  const sheet = sheetFile === undefined ? undefined : await writeSheet(sheetFile, result, pack);
  const tell = json ? evalJson : evalText;
  tellResult(tell({ ...result, sheet }), failed);
}

/** Processor time of this process, which other programs on the machine do not lengthen. */
const processorMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const setOf = (evaluations: readonly FileEvaluation[]): EvaluatedSet => ({
  files: evaluations.map(({ report }) => report),
  summary: evaluations.length > 0 ? summarize(evaluations) : undefined,
});

async function writeSheet(
  file: string,
  { report, tune }: EvalResult,
  { manifest }: LoadedPack,
): Promise<EvalResult['sheet']> {
  const clips = [report.summary, tune.summary].flatMap((set) => (set ? clipsToShow(set) : []));
  if (clips.length === 0) return undefined;
  const { width, height } = manifest.visual;
  const { rgb, ...size } = contactSheet(clips, { width, height, clipsPerBand: CLIPS_PER_BAND });
  await writeFile(file, await encodePng(rgb, size));
  return { file, clips };
}

/** Those that were kept of each file, then the worst that are not among them. */
function clipsToShow({ spread, worst }: Summary): NamedClip[] {
  const shown = new Set(spread.map(({ keyframe }) => keyframe));
  return [...spread, ...worst.filter(({ keyframe }) => !shown.has(keyframe))];
}
