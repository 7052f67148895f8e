import { z } from 'zod';
import { StreamNameSchema } from '../../client-sdk/protocol/messages.ts';
import { ProtocolError } from '../../pipeline/errors.ts';
import { ACTIONS } from '../config-schema.ts';
import { reaches } from '../http/access-control.ts';
import type { AppContext } from '../http/context.ts';
import type { RouteSpec } from '../http/route-spec.ts';

const WantedSchema = z.strictObject({
  actions: z.array(z.enum(ACTIONS)).min(1),
  streams: z.array(StreamNameSchema).min(1).optional(),
  /** Life in seconds; the longest that is configured if absent. */
  seconds: z.int().min(1).optional(),
});

const MintedSchema = z.strictObject({
  token: z.string(),
  /** Unix time, ms. */
  expires: z.number(),
});

/** `POST /v1/access-tokens`: a short-lived token for `?access_token=`, where headers cannot be set. */
export const mintAccessToken = ({ access, config }: AppContext): RouteSpec => ({
  method: 'POST',
  path: '/v1/access-tokens',
  summary: 'Make a short-lived query token',
  description:
    'It allows no more than the token that asks for it, and is good for ?access_token= or a WebSocket.',
  action: 'mint',
  body: WantedSchema,
  responses: { 201: { description: 'The token', content: { 'application/json': MintedSchema } } },
  errors: ['bad-request'],
  handle: (request, reply) => {
    const {
      actions,
      streams = request.grant.streams,
      seconds = config.accessTokenSeconds,
    } = WantedSchema.parse(request.body);
    const isWithin =
      actions.every((action) => request.grant.actions.includes(action)) &&
      (streams
        ? streams.every((stream) => reaches(request.grant, stream))
        : request.grant.streams === undefined);
    if (!isWithin)
      throw new ProtocolError('forbidden', 'a query token allows no more than the token that asks for it');
    const minted = access.mint({ actions, streams }, Math.min(seconds, config.accessTokenSeconds));
    return reply.code(201).header('cache-control', 'no-store').send(minted);
  },
});
