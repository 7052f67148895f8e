import { ERROR_CODES, type ErrorCode } from '../client-sdk/protocol/error-codes.ts';

/** An error that names its code in the catalogue. Subclasses tell who must act. */
export class TokenizerError extends Error {
  readonly code: ErrorCode;
  /** Whether the same call may succeed later without a change. */
  readonly isRetryable: boolean;

  constructor(code: ErrorCode, detail: string, options: { cause?: unknown; isRetryable?: boolean } = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.isRetryable = options.isRetryable ?? false;
  }

  /** HTTP status of the code. */
  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  /** WebSocket close code of the code. */
  get closeCode(): number {
    return ERROR_CODES[this.code].close;
  }
}

/** The operator must change the configuration, the pack or the command line. */
export class ConfigError extends TokenizerError {}

/** The peer broke the protocol; its session ends. */
export class ProtocolError extends TokenizerError {}

/** This input cannot be tokenized. */
export class MediaError extends TokenizerError {}

/** A model or its worker failed. */
export class ModelError extends TokenizerError {}

/** There is no room now; the same call may succeed later. */
export class OverloadedError extends TokenizerError {
  constructor(detail: string, code: ErrorCode = 'overloaded') {
    super(code, detail, { isRetryable: true });
  }
}

/** The object was used after its end, or ended under the call. */
export class DisposedError extends Error {
  override readonly name = 'DisposedError';
  constructor(what: string) {
    super(`${what} is closed`);
  }
}

/** Fails on a fault of our own. */
export function assert(condition: unknown, claim: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${claim}`);
}

/** Closes a discriminated union: compiles only where every variant is handled. */
export function assertNever(value: never): never {
  throw new Error(`unhandled variant: ${JSON.stringify(value)}`);
}

/** The message of anything that was thrown. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
