import { MediaError } from '../errors.ts';
import type { ClipSamples } from './clip-samples.ts';
import type { CodeUse } from './code-use.ts';
import { FileMeasurement, type FileMeasurementOptions, type FileReport } from './file-measurement.ts';
import { type MeasureFileOptions, measureFile } from './measure-file.ts';

export interface EvaluateOptions extends Omit<FileMeasurementOptions, 'manifest'>, MeasureFileOptions {}

/** The report of a file, and what is summed up over files. */
export interface FileEvaluation {
  readonly report: FileReport;
  readonly visualCodes: CodeUse;
  readonly motionCodes: CodeUse;
  readonly samples: ClipSamples;
}

/**
 * Tokenizes a file as `tokenize` does and measures quality and rates. Rejects with a `MediaError` where no picture could
 * be tokenized.
 */
export async function evaluateFile(
  file: string,
  source: AsyncIterable<Uint8Array>,
  options: EvaluateOptions,
): Promise<FileEvaluation> {
  const measurement = new FileMeasurement({ ...options, manifest: options.pack.manifest });
  await measureFile(source, measurement, options);
  const report = measurement.report(file);
  if (!report.media) throw new MediaError('no-pictures', `no picture of ${file} could be tokenized`);
  const { visualCodes, motionCodes } = measurement.rates;
  return { report, visualCodes, motionCodes, samples: measurement.samples };
}
