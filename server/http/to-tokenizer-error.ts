import { z } from 'zod';
import { ERROR_CODES, type ErrorCode } from '../../client-sdk/protocol/error-codes.ts';
import { WireError } from '../../client-sdk/protocol/wire-error.ts';
import { ProtocolError, reasonOf, TokenizerError } from '../../pipeline/errors.ts';

/** What fastify itself answers, by its HTTP status. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'bad-request',
  404: 'not-found',
  413: 'message-too-large',
  414: 'bad-request',
  415: 'bad-request',
};

/** Brings anything thrown into the catalogue; what is not known is a fault of the server, and its text stays inside. */
export function toTokenizerError(fault: unknown): TokenizerError {
  if (fault instanceof TokenizerError) return fault;
  if (fault instanceof z.ZodError)
    return new ProtocolError('bad-request', z.prettifyError(fault), { cause: fault });
  if (fault instanceof WireError) return new ProtocolError('bad-request', fault.message, { cause: fault });
  const status = statusOf(fault);
  const code = status === undefined ? undefined : CODE_OF_STATUS[status];
  if (code) return new ProtocolError(code, reasonOf(fault), { cause: fault });
  return new TokenizerError('internal', ERROR_CODES.internal.title, { cause: fault });
}

function statusOf(fault: unknown): number | undefined {
  if (typeof fault !== 'object' || fault === null || !('statusCode' in fault)) return undefined;
  return typeof fault.statusCode === 'number' ? fault.statusCode : undefined;
}
