import * as z from 'zod';

/** An RFC 9457 problem document, as every failed call answers it (`application/problem+json`). */
export const ProblemSchema = z.object({
  /** A URI that names the kind of problem; it ends with `code`. */
  type: z.string(),
  title: z.string(),
  status: z.int().min(400).max(599),
  /** The rule, what came, and what is allowed. */
  detail: z.string(),
  /** The stable name in `ERROR_CODES`; a newer server may know more of them. */
  code: z.string(),
});
export type Problem = z.infer<typeof ProblemSchema>;
