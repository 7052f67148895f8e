import { z } from 'zod';
import type { SubscribeRequest } from '../sessions/stream-registry.ts';
import { parseSubscribeFrom } from '../sessions/subscription.ts';

/** How to follow tokens: in the address of `GET …/tokens` and of WHEP, and in the protocol of a `tokens` data channel. */
export const TokensQuerySchema = z.object({
  from: z
    .string()
    .default('live')
    .describe(
      'live (begins with the open clip), earliest, or a cursor epoch:seq to go on after; Last-Event-ID overrides it',
    ),
  until: z.enum(['end']).optional().describe("Close after the epoch's end"),
  format: z
    .enum(['json', 'binary'])
    .default('json')
    .describe('Form of the messages on a WebSocket or a data channel'),
  layout: z
    .enum(['llm'])
    .optional()
    .describe('Add flat ids of a language model to visual and motion messages'),
});

/** What a query asks for. Throws where it is not of the form. */
export function parseTokensQuery(query: unknown): SubscribeRequest {
  const { from, until, format, layout } = TokensQuerySchema.parse(query);
  return {
    from: parseSubscribeFrom(from),
    isUntilEnd: until === 'end',
    form: { framing: format, hasLlmIds: layout === 'llm' },
  };
}
