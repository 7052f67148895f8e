import { concatMap, lastValueFrom, takeWhile, tap } from 'rxjs';
import { ulid } from 'ulid';
import type { JournalMessage } from '../../client-sdk/protocol/messages.ts';
import { nowMillis } from '../../client-sdk/protocol/units.ts';
import type { OpenDecoder } from '../codec/decoder.ts';
import { demuxed } from '../demux/demux.ts';
import { MediaError } from '../errors.ts';
import { Scope } from '../lifetime.ts';
import type { LoadedPack } from '../models/pack.ts';
import type { TokenEncoder } from '../models/token-encoder.ts';
import { PictureBudget } from '../operators/picture-budget.ts';
import { createCounters, type MotionChoice, type TokenizeLimits, tokenize } from '../tokenizer.ts';
import { FIGURE_NAMES, type Figures } from './figures.ts';
import { FileMeasurement, type FileMeasurementOptions, type FileReport } from './file-measurement.ts';
import { meanOf } from './mean.ts';

export interface EvaluateOptions extends Omit<FileMeasurementOptions, 'manifest'> {
  readonly pack: LoadedPack;
  readonly encoder: TokenEncoder;
  readonly openDecoder: OpenDecoder;
  readonly limits: TokenizeLimits;
  readonly motion: MotionChoice;
  /** Rate of a file that declares none. */
  readonly framesPerSecond?: number | undefined;
  /** Only messages that begin before this media time count. */
  readonly maxSeconds?: number | undefined;
  /** Told of the media time that has been measured. */
  readonly onProgress?: ((seconds: number) => void) | undefined;
}

/** Messages that may wait to be measured; reading the file waits for them. */
const MAX_WAITING_MESSAGES = 8;

/**
 * Tokenizes a file as `tokenize` does and measures quality and rates. Bounded in memory whatever the file's length.
 * Rejects with a `MediaError` where no picture could be tokenized.
 */
export async function evaluateFile(
  file: string,
  source: AsyncIterable<Uint8Array>,
  options: EvaluateOptions,
): Promise<FileReport> {
  const measurement = new FileMeasurement({ ...options, manifest: options.pack.manifest });
  const scope = new Scope();
  const waiting = new PictureBudget(MAX_WAITING_MESSAGES);
  const measure = async (message: JournalMessage): Promise<void> => {
    await measurement.take(message);
    waiting.release();
    options.onProgress?.(measurement.rates.seconds);
  };
  const messages$ = tokenize(demuxed(whileThereIsRoom(source, waiting)), {
    ...options,
    stream: 'eval',
    epoch: ulid(),
    delivery: 'complete',
    counters: createCounters(),
    probe: measurement,
    scope,
    now: nowMillis,
  });
  try {
    const measured$ = messages$.pipe(
      takeWhile((message) => beginsBefore(message, options.maxSeconds)),
      tap(() => waiting.take()),
      concatMap(measure),
    );
    await lastValueFrom(measured$, { defaultValue: undefined });
  } finally {
    waiting.close();
    await scope.close();
  }
  const report = measurement.report(file);
  if (!report.media) throw new MediaError('no-pictures', `no picture of ${file} could be tokenized`);
  return report;
}

/** The mean over files of each figure, of those files that have it. */
export function meanFigures(reports: readonly FileReport[]): Figures {
  const means = FIGURE_NAMES.map((name) => [name, meanOf(reports.map((report) => report.figures[name]))]);
  return Object.fromEntries(means) as Figures;
}

async function* whileThereIsRoom(
  source: AsyncIterable<Uint8Array>,
  waiting: PictureBudget,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    await waiting.room();
    yield bytes;
  }
}

function beginsBefore(message: JournalMessage, maxSeconds = Number.POSITIVE_INFINITY): boolean {
  if (message.type === 'visual' || message.type === 'motion') return message.pts < maxSeconds * 1e6;
  return message.type !== 'gap' || message.from < maxSeconds * 1e6;
}
