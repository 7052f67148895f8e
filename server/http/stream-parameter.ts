import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseStreamName } from '../sessions/stream-registry.ts';

const ParametersSchema = z.object({ stream: z.string() });

/** The stream that a request's path names. Throws a `ProtocolError` where that is not a name. */
export const streamOf = (request: FastifyRequest): string =>
  parseStreamName(ParametersSchema.parse(request.params).stream);
