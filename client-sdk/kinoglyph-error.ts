import { ERROR_CODES, type ErrorCode, isErrorCode } from './protocol/error-codes.ts';

/**
 * What went wrong: a code of the server's catalogue, or `network` (no connection, or it was lost), `protocol` (what came
 * is not of the wire's form), `unsupported` (this platform lacks WebRTC or the codec) or `unknown` (a code that this
 * version does not know).
 */
export type KinoglyphErrorCode = ErrorCode | 'network' | 'protocol' | 'unsupported' | 'unknown';

/** A call or a connection failed; the message is the server's own where it gave one. */
export class KinoglyphError extends Error {
  override readonly name = 'KinoglyphError';
  readonly code: KinoglyphErrorCode;
  /** HTTP status that belongs to the code; absent where no server said so. */
  readonly status: number | undefined;

  private constructor(
    code: KinoglyphErrorCode,
    message: string,
    options: { status?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? (isErrorCode(code) ? ERROR_CODES[code].status : undefined);
  }

  /** Whether the same attempt may succeed later. */
  get isRetryable(): boolean {
    return this.code === 'network' || this.code === 'slow-subscriber' || (this.status ?? 0) >= 500;
  }

  static network(message: string, cause?: unknown): KinoglyphError {
    return new KinoglyphError('network', message, { cause });
  }

  static protocol(message: string, cause?: unknown): KinoglyphError {
    return new KinoglyphError('protocol', message, { cause });
  }

  static unsupported(message: string): KinoglyphError {
    return new KinoglyphError('unsupported', message);
  }

  static replaced(): KinoglyphError {
    return new KinoglyphError('replaced', ERROR_CODES.replaced.title);
  }

  /** From the body of a refused HTTP request: a problem document, if it is one. */
  static fromResponse(status: number, body: string): KinoglyphError {
    const problem = parseRecord(body);
    const code = isErrorCode(problem.code) ? problem.code : 'unknown';
    const detail = typeof problem.detail === 'string' ? problem.detail : `the server answered ${status}`;
    return new KinoglyphError(code, detail, { status });
  }

  /** From the close of a WebSocket; `undefined` for an orderly end. */
  static fromClose(close: { code: number; reason: string }): KinoglyphError | undefined {
    if (close.code === 1000) return undefined;
    const known = Object.entries(ERROR_CODES).find(([, entry]) => entry.close === close.code);
    if (known) return new KinoglyphError(known[0] as ErrorCode, close.reason || known[1].title);
    if (close.code < 4000) return KinoglyphError.network(`the connection was lost (${close.code})`);
    return new KinoglyphError('unknown', close.reason || `the server closed with ${close.code}`);
  }
}

function parseRecord(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // A proxy's page rather than a problem document: the status has to do.
  }
}
