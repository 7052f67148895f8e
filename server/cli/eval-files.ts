import { createReadStream } from 'node:fs';
import { reasonOf } from '../../pipeline/errors.ts';
import { createProgress } from './progress.ts';

/** A file that could not be measured. */
export interface FailedFile {
  readonly file: string;
  readonly error: string;
}

/** Measures one file; tells the media time that it has come to, seconds. */
export type MeasureOne<Result> = (
  file: string,
  source: AsyncIterable<Uint8Array>,
  onProgress: (seconds: number) => void,
) => Promise<Result>;

/** Measures files one after another and shows progress; one that fails does not keep the others from it. */
export async function measureAll<Result>(
  files: readonly string[],
  measure: MeasureOne<Result>,
): Promise<{ measured: readonly Result[]; failed: readonly FailedFile[] }> {
  const measured: Result[] = [];
  const failed: FailedFile[] = [];
  for (const [index, file] of files.entries()) {
    let seconds = 0;
    const onProgress = (reached: number): void => {
      seconds = reached;
    };
    const title = `eval ${index + 1} of ${files.length}, ${file}`;
    const progress = createProgress(title, () => `${seconds.toFixed(1)} s`);
    try {
      measured.push(await measure(file, createReadStream(file), onProgress));
    } catch (error) {
      failed.push({ file, error: reasonOf(error) });
    } finally {
      progress.stop();
    }
  }
  return { measured, failed };
}

/** Writes what was measured, and to standard error which files failed, for which the exit code is 1. */
export function tellResult(text: string, failed: readonly FailedFile[]): void {
  process.stdout.write(`${text}\n`);
  for (const { file, error } of failed) process.stderr.write(`kinoglyph: ${file}: ${error}\n`);
  if (failed.length > 0) process.exitCode = 1;
}
