import * as z from 'zod';
import * as messages from './messages.ts';
import { ProblemSchema } from './problem.ts';
import { AcceptedSchema, PublishEndSchema } from './publish.ts';
import { PublishSummarySchema } from './summary.ts';

const SCHEMAS = {
  Start: messages.StartMessageSchema,
  Visual: messages.VisualMessageSchema,
  Motion: messages.MotionMessageSchema,
  Gap: messages.GapMessageSchema,
  End: messages.EndMessageSchema,
  Skip: messages.SkipMessageSchema,
  Goaway: messages.GoawayMessageSchema,
  Message: messages.MessageSchema,
  Problem: ProblemSchema,
  PublishSummary: PublishSummarySchema,
  Accepted: AcceptedSchema,
  PublishEnd: PublishEndSchema,
} as const;

/** JSON Schema (draft 2020-12, as OpenAPI 3.1 takes it) of everything that travels as JSON, by name. */
export const jsonSchemas = (): Record<keyof typeof SCHEMAS, object> =>
  Object.fromEntries(
    Object.entries(SCHEMAS).map(([name, schema]) => [name, z.toJSONSchema(schema)]),
  ) as Record<keyof typeof SCHEMAS, object>;
