import { FFmpegError, Log } from 'node-av';
import { AV_LOG_QUIET } from 'node-av/constants';

/** A call into libavcodec, libswscale or libavformat that failed. */
export class NativeError extends Error {
  override readonly name = 'NativeError';
  /** The negative return code. */
  readonly returnCode: number;

  constructor(returnCode: number, operation: string) {
    super(`${operation} failed: ${FFmpegError.strerror(returnCode)} (${returnCode})`);
    this.returnCode = returnCode;
  }
}

/** Throws a `NativeError` where a return code is negative; gives the code back otherwise. */
export function throwIfNegative(returnCode: number, operation: string): number {
  if (returnCode < 0) throw new NativeError(returnCode, operation);
  return returnCode;
}

/**
 * Keeps the native libraries from writing to stderr, in the whole process: a damaged stream has thousands of
 * complaints, and each fault that matters comes back as a return code.
 */
export const silenceNativeLog = (): void => Log.setLevel(AV_LOG_QUIET);
