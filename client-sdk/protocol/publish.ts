import * as z from 'zod';

export const DELIVERIES = ['complete', 'live'] as const;
/** What a publisher wants under overload: `complete` slows the source and drops nothing, `live` drops and says so. */
export type Delivery = (typeof DELIVERIES)[number];

/** The server took the publisher: the first text of the publishing WebSocket. */
export const AcceptedSchema = z.strictObject({ type: z.literal('accepted'), epoch: z.string() });
export type Accepted = z.infer<typeof AcceptedSchema>;

/** The publisher has sent everything: its only text; any other close is an abort. */
export const PublishEndSchema = z.strictObject({ type: z.literal('end') });
export type PublishEnd = z.infer<typeof PublishEndSchema>;
