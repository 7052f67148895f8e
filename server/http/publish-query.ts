import { z } from 'zod';
import { DELIVERIES, type Delivery } from '../../client-sdk/protocol/publish.ts';
import { MOTION_CHOICES } from '../../pipeline/tokenizer.ts';

const SLOWEST_FPS = 0.1;
const FASTEST_FPS = 1000;

/** The query of both ways to publish. */
export const PublishQuerySchema = z.object({
  delivery: z
    .enum(DELIVERIES)
    .optional()
    .describe(
      'complete slows the source and drops nothing (default of PUT); live never slows it and drops under overload (default of the WebSocket)',
    ),
  takeover: z.enum(['true', 'false']).default('false').describe('Replace a present publisher'),
  motion: z.enum(MOTION_CHOICES).optional().describe('Motion source; the configured one if absent'),
  fps: z.coerce
    .number()
    .min(SLOWEST_FPS)
    .max(FASTEST_FPS)
    .optional()
    .describe('Pictures a second of an elementary stream that declares no rate'),
});

/** What a publisher's query asks for. Throws a `ZodError`. */
export function parsePublishQuery(
  query: unknown,
  defaults: { delivery: Delivery; motion: z.infer<typeof PublishQuerySchema>['motion'] },
) {
  const { delivery, takeover, motion, fps } = PublishQuerySchema.parse(query);
  return {
    delivery: delivery ?? defaults.delivery,
    isTakeover: takeover === 'true',
    motion: motion ?? defaults.motion ?? 'auto',
    framesPerSecond: fps,
  };
}
