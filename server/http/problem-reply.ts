import type { FastifyReply } from 'fastify';
import { ERROR_CODES } from '../../client-sdk/protocol/error-codes.ts';
import type { Problem } from '../../client-sdk/protocol/problem.ts';
import type { TokenizerError } from '../../pipeline/errors.ts';

/** What `type` of a problem document begins with; docs/errors.md describes each. */
const TYPE_PREFIX = 'urn:kinoglyph:error:';

/** The RFC 9457 document of an error. */
export const problemOf = (error: TokenizerError): Problem => ({
  type: `${TYPE_PREFIX}${error.code}`,
  title: ERROR_CODES[error.code].title,
  status: error.status,
  detail: error.message,
  code: error.code,
});

/** Answers a request with an error; `extra` adds members to the document (RFC 9457, 3.2). */
export function sendProblem(
  reply: FastifyReply,
  error: TokenizerError,
  options: { retryAfterSeconds: number; extra?: object | undefined },
): FastifyReply {
  if (error.status === 503) reply.header('retry-after', options.retryAfterSeconds);
  if (error.status === 401) reply.header('www-authenticate', 'Bearer realm="kinoglyph"');
  return reply
    .code(error.status)
    .header('cache-control', 'no-store')
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify({ ...problemOf(error), ...options.extra }));
}
