import { z } from 'zod';
import { MAX_SKIP } from '../../client-sdk/protocol/llm-ids.ts';
import { LlmLayoutSchema, type TokenLayout } from '../../client-sdk/protocol/messages.ts';
import { gridOf, gridsText, positionsIn } from './grid-ladder.ts';

const size = z.int().min(1).max(8192);
const rgb = z.tuple([z.number(), z.number(), z.number()]);
const positive = z.number().positive();

/** A graph of the pack: a bare file name beside the manifest, and what its bytes must hash to. */
export const GraphFileSchema = z.strictObject({
  file: z
    .string()
    .regex(
      /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,100}\.onnx$/,
      'a graph is a bare file name of a-z A-Z 0-9 . _ - ending in .onnx',
    ),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'a sha256 is 64 lower-case hexadecimal digits'),
});
export type GraphFile = z.infer<typeof GraphFileSchema>;

/** The second encode that motion is taken from; vectors change with every one of these values. */
export const ReencodeSchema = z.strictObject({
  codec: z.literal('mpeg4'),
  /** Size that pictures are squashed to, px. */
  width: size,
  height: size,
  /** Constant quantizer scale, 1 to 31 (ISO/IEC 14496-2 6.3.5). */
  quantizer: z.int().min(1).max(31),
  /** Pictures between two I pictures. */
  gopPictures: z.int().min(1),
  motionEstimation: z.enum(['zero', 'epzs', 'xone']),
  threads: z.literal(1),
});
export type Reencode = z.infer<typeof ReencodeSchema>;

/** How a displacement `v`, a fraction of the picture's width or height, becomes the graphs' unit. */
export const MotionNormalizationSchema = z.strictObject({
  /** `asinh`: u = asinh(v / scale); `linear`: u = v / scale. */
  type: z.enum(['asinh', 'linear']),
  /** Of dx and dy. */
  scale: z.tuple([positive, positive]),
});
export type MotionNormalization = z.infer<typeof MotionNormalizationSchema>;

const visualFields = {
  /** Size that keyframes are squashed to, px. */
  width: size,
  height: size,
  /** Of pixels divided by 255: (p - mean) / std, for R, G and B. */
  normalization: z.strictObject({ mean: rgb, std: z.tuple([positive, positive, positive]) }),
  columns: size,
  rows: size,
  codebookSize: z.int().min(2),
  encoder: GraphFileSchema,
};

/** How many ids a keyframe of dynamic length gets; a picture's score at a position is compared with the threshold. */
export const BudgetSchema = z.strictObject({
  /** Ids in the mean where nobody asks for another number. */
  defaultTokens: z.int().min(1),
  /** Thresholds by the mean number of ids that they gave; between two rows the threshold is interpolated linearly. */
  calibration: z
    .array(z.strictObject({ tokens: z.int().min(1), threshold: z.number() }))
    .min(1)
    .refine(
      (rows) => rows.every(({ tokens }, at) => at === 0 || tokens > rows[at - 1]!.tokens),
      'tokens of the calibration must ascend',
    )
    .refine(
      (rows) => rows.every(({ threshold }, at) => at === 0 || threshold <= rows[at - 1]!.threshold),
      'thresholds of the calibration must descend',
    ),
});
export type Budget = z.infer<typeof BudgetSchema>;

/** The sizes among which all keyframes of a stream may be coded: each position of a grid has an id. */
export const LadderSchema = z.strictObject({
  /** Ids of the grid that is taken where nobody asks for another number. */
  defaultTokens: z.int().min(1),
  grids: z
    .array(z.strictObject({ columns: size, rows: size }))
    .min(1)
    .refine(
      (grids) => grids.every((grid, at) => at === 0 || positionsIn(grid) > positionsIn(grids[at - 1]!)),
      'grids of the ladder must ascend in columns times rows',
    ),
});
export type Ladder = z.infer<typeof LadderSchema>;

const VisualSchema = z
  .discriminatedUnion(
    'dynamic',
    [
      z.strictObject({ ...visualFields, dynamic: z.literal(false), ladder: LadderSchema.optional() }),
      z.strictObject({ ...visualFields, dynamic: z.literal(true), budget: BudgetSchema }),
    ],
    'visual.dynamic must be true or false',
  )
  .superRefine((visual, { addIssue }) => {
    if (!visual.dynamic) return;
    const { calibration, defaultTokens } = visual.budget;
    const cells = positionsIn(visual);
    const least = calibration[0]?.tokens ?? cells;
    const most = calibration.at(-1)?.tokens ?? cells;
    const complain = (message: string): void => addIssue({ code: 'custom', path: ['budget'], message });
    if (most !== cells)
      complain(`the last row of the calibration must be that of all ${cells} positions, got ${most}`);
    if (defaultTokens < least || defaultTokens > most)
      complain(`defaultTokens must be ${least} to ${most} as in the calibration, got ${defaultTokens}`);
  })
  .superRefine((visual, { addIssue }) => {
    if (visual.dynamic || !visual.ladder) return;
    const { grids, defaultTokens } = visual.ladder;
    const last = grids.at(-1);
    const complain = (message: string): void => addIssue({ code: 'custom', path: ['ladder'], message });
    if (last?.columns !== visual.columns || last.rows !== visual.rows)
      complain(
        `the last grid of the ladder must be that of visual, ${gridsText([visual])}, got ${gridsText(grids.slice(-1))}`,
      );
    if (!grids.some((grid) => positionsIn(grid) === defaultTokens))
      complain(`defaultTokens must be the ids of a grid, ${gridsText(grids)}, got ${defaultTokens}`);
  });

const MotionSchema = z.strictObject({
  columns: size,
  rows: size,
  fieldsPerSecond: positive,
  fieldsPerChunk: z.int().min(1).max(255),
  normalization: MotionNormalizationSchema,
  codebookSize: z.int().min(2),
  tokensPerChunk: z.int().min(1),
  /** A chunk none of whose unmasked vectors is longer, as a fraction of the picture, has no ids. */
  stillThreshold: z.number().min(0),
  /** Size of the pictures that the encoder sees beside their motion, px: luma at each tick; without it, it sees none. */
  luma: z.strictObject({ width: size, height: size }).optional(),
  /**
   * Whether a chunk is coded in view of the one before it in its clip: the encoder gets that one's fields, the decoder
   * its ids.
   */
  context: z.boolean().optional(),
  encoder: GraphFileSchema,
  reencode: ReencodeSchema,
});

const ManifestObjectSchema = z.strictObject({
  format: z.literal(1),
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'a pack name is 1 to 64 of a-z A-Z 0-9 _ -'),
  version: z.string().min(1),
  licence: z.string().min(1),
  description: z.string(),
  provenance: z.strictObject({
    trainingData: z.array(z.unknown()),
    trainedBy: z.string(),
    /** Where the figures told of the pack come from. */
    figures: z.unknown(),
  }),
  visual: VisualSchema,
  clip: z
    .strictObject({ minDurationMs: positive, maxDurationMs: positive })
    .refine(
      (clip) => clip.minDurationMs <= clip.maxDurationMs,
      'clip.minDurationMs must not exceed maxDurationMs',
    ),
  motion: MotionSchema,
  detokenizers: z.strictObject({
    /** Keyframe decoder and motion-compensated warping. */
    warp: z.strictObject({ visualDecoder: GraphFileSchema, motionDecoder: GraphFileSchema }),
  }),
  llm: LlmLayoutSchema,
});

/** A pack's manifest, `pack.json`: everything that the ids depend on beside the graphs' own numbers. */
export const PackManifestSchema = ManifestObjectSchema.superRefine(
  ({ visual, motion, llm }, { addIssue }) => {
    const { skipOffset } = llm;
    if (skipOffset === undefined) return;
    const others = [
      { from: llm.visualOffset, ids: visual.codebookSize },
      { from: llm.motionOffset, ids: motion.codebookSize },
      ...[llm.imageStart, llm.imageEnd, llm.motionStart, llm.motionEnd].map((from) => ({ from, ids: 1 })),
    ];
    if (others.every(({ from, ids }) => skipOffset + MAX_SKIP <= from || skipOffset >= from + ids)) return;
    const message = `the ${MAX_SKIP} ids from skipOffset on must be nothing else's, got ${skipOffset}`;
    addIssue({ code: 'custom', path: ['llm', 'skipOffset'], message });
  },
);
export type PackManifest = z.infer<typeof PackManifestSchema>;

/** What a pack's graphs are for. */
export const GRAPH_ROLES = ['visualEncoder', 'motionEncoder', 'visualDecoder', 'motionDecoder'] as const;
export type GraphRole = (typeof GRAPH_ROLES)[number];

/** The graph files of a manifest by role. */
export const graphsOf = (manifest: PackManifest): Record<GraphRole, GraphFile> => ({
  visualEncoder: manifest.visual.encoder,
  motionEncoder: manifest.motion.encoder,
  visualDecoder: manifest.detokenizers.warp.visualDecoder,
  motionDecoder: manifest.detokenizers.warp.motionDecoder,
});

/** Bytes of a chunk's looks, `Chunk.luma`; 0 where the pack asks for none. */
export const lumaLength = ({ luma, fieldsPerChunk }: PackManifest['motion']): number =>
  luma ? (fieldsPerChunk + 1) * luma.width * luma.height : 0;

/**
 * The grids and codebooks that a `start` message tells of. `keyframeTokens`: what was asked of a pack of dynamic length or
 * with a ladder of grids; its default if absent.
 */
export function layoutOf(
  manifest: PackManifest,
  { keyframeTokens }: { keyframeTokens?: number | undefined } = {},
): TokenLayout {
  const { visual, motion, llm } = manifest;
  const { columns, rows } = gridOf(manifest, keyframeTokens);
  return {
    visual: {
      columns,
      rows,
      codebookSize: visual.codebookSize,
      dynamic: visual.dynamic,
      ...(visual.dynamic && { tokens: keyframeTokens ?? visual.budget.defaultTokens }),
    },
    motion: {
      columns: motion.columns,
      rows: motion.rows,
      fieldsPerChunk: motion.fieldsPerChunk,
      tokensPerChunk: motion.tokensPerChunk,
      codebookSize: motion.codebookSize,
    },
    llm,
  };
}
