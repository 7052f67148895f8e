import * as z from 'zod';

/** A pack that the server has. */
export const PackInfoSchema = z.strictObject({
  name: z.string(),
  /** Whether the server tokenizes with it. */
  isInUse: z.boolean(),
  sha256: z.string(),
  /** The pack's `pack.json`; its graphs are `GET /v1/packs/{name}/{file}`. */
  manifest: z.looseObject({}),
});
export type PackInfo = z.infer<typeof PackInfoSchema>;

/** `GET /v1/packs`. */
export const PackListSchema = z.strictObject({ packs: z.array(PackInfoSchema) });
export type PackList = z.infer<typeof PackListSchema>;
