import * as z from 'zod';
import { END_REASONS, GAP_REASONS, StreamNameSchema } from './messages.ts';

const count = z.int().min(0);

/** What became of a publication: the body of PUT's 201, and the last text of the publishing WebSocket. */
export const PublishSummarySchema = z.strictObject({
  type: z.literal('summary'),
  stream: StreamNameSchema,
  epoch: z.string(),
  /** Coded pictures that arrived. */
  accessUnits: count,
  /** Messages by type. */
  messages: z.strictObject({ start: count, visual: count, motion: count, gap: count }),
  /** Stretches without tokens, µs, half open. */
  gaps: z.array(z.strictObject({ from: count, to: count, reason: z.enum(GAP_REASONS), dropped: count })),
  /** Media time from the first picture to the end of the last, µs. */
  durationUs: count,
  reason: z.enum(END_REASONS),
});
export type PublishSummary = z.infer<typeof PublishSummarySchema>;
