/** A figure of the evaluation as tables, help and documentation show it. */
export interface FigureInfo {
  readonly label: string;
  readonly unit: string;
  /** Digits after the point. */
  readonly digits: number;
  readonly definition: string;
}

/** Every figure that is reported for a file and as a mean over files, with its exact definition. */
export const FIGURES = {
  seconds: {
    label: 'media',
    unit: 's',
    digits: 1,
    definition: 'Media time from the first picture to the end of the last message.',
  },
  tokensPerSecond: {
    label: 'tokens',
    unit: '1/s',
    digits: 0,
    definition:
      'All ids of layout=llm (visual, motion, SKIP, and the two that enclose each message) divided by the media time.',
  },
  gopTokensPerSecond: {
    label: 'tokens, GOP 2 s',
    unit: '1/s',
    digits: 0,
    definition:
      'The same ids if a keyframe came every 2 s: those of a mean keyframe and of as many mean chunks as 2 s begin, halved. Each chunk counts in the mean by its fields, chunks without motion too.',
  },
  bitsPerSecond: {
    label: 'token bits',
    unit: 'bit/s',
    digits: 0,
    definition:
      'Ids times log2 of their codebook size, plus one bit for each cell of the visual grid where positions are sent, divided by the media time. Nothing is entropy coded; message headers do not count.',
  },
  sourceBitsPerSecond: {
    label: 'source bits',
    unit: 'bit/s',
    digits: 0,
    definition:
      'Bits of the coded pictures that were read (no audio, no container), divided by the media time.',
  },
  keyframeTokens: {
    label: 'keyframe ids',
    unit: '',
    digits: 1,
    definition: 'Mean number of visual ids of a keyframe: codebook indices, without SKIP and enclosing ids.',
  },
  keyframeBytes: {
    label: 'keyframe size',
    unit: 'byte',
    digits: 0,
    definition:
      'Mean size of what is sent of a keyframe: its ids times log2 of the codebook size, plus one bit for each cell of the visual grid where positions are sent; each keyframe rounded up to whole bytes.',
  },
  keyframeDb: {
    label: 'keyframe',
    unit: 'dB',
    digits: 2,
    definition:
      'PSNR of the keyframes rebuilt from their tokens against what was tokenized: RGB, uint8, at the size of the pack (256x256). Per picture, then the mean over the pictures of the file.',
  },
  thumbnailDb: {
    label: 'thumbnail',
    unit: 'dB',
    digits: 2,
    definition:
      'The same for a thumbnail: the mean of each cell of the visual grid (16x16; of a ladder of grids always the largest), rounded to uint8, scaled up bicubically (Catmull-Rom, a = -0.5, edges repeated).',
  },
  overThumbnailDb: {
    label: 'over thumbnail',
    unit: 'dB',
    digits: 2,
    definition: 'Keyframe minus thumbnail.',
  },
  equalThumbnailDb: {
    label: 'equal thumbnail',
    unit: 'dB',
    digits: 2,
    definition:
      'As the thumbnail, but of the largest grid whose RGB bytes are no more than what is sent of that keyframe (384 bytes: 11x11).',
  },
  av1Db: {
    label: 'AV1',
    unit: 'dB',
    digits: 2,
    definition:
      'As the keyframe, for one AV1 key frame of at most as many bytes as are sent of that keyframe (256 ids of 12 bits: 384 bytes): SVT-AV1, preset 4, 4:2:0, the finest quantizer that fits; coded at whichever of 1, 3/4, 1/2, 3/8 and 1/4 of the sides gives the best picture. Empty with --no-av1.',
  },
  overAv1Db: {
    label: 'over AV1',
    unit: 'dB',
    digits: 2,
    definition: 'Keyframe minus AV1, over the pictures that AV1 could code.',
  },
  av1Bytes: {
    label: 'AV1 size',
    unit: 'byte',
    digits: 0,
    definition: 'Mean size of those AV1 pictures.',
  },
  previewDb: {
    label: 'preview',
    unit: 'dB',
    digits: 2,
    definition:
      "PSNR of the pictures between keyframes rebuilt from tokens: luma (BT.601, full range, from RGB), uint8, at the size of the pack. The picture of tick k of a clip is compared with the source's last picture at or before keyframe + k / fields a second. Per picture, then the mean over the pictures of the file.",
  },
  holdDb: {
    label: 'hold',
    unit: 'dB',
    digits: 2,
    definition: 'The same where the rebuilt keyframe is held for the whole clip.',
  },
  trueWarpDb: {
    label: 'true warp',
    unit: 'dB',
    digits: 2,
    definition:
      'The same where the rebuilt keyframe is warped by the motion fields before their tokenization, cells without a vector filled from their neighbours.',
  },
  keptShare: {
    label: 'kept',
    unit: '',
    digits: 2,
    definition:
      '(preview - hold) / (true warp - hold): the share of the gain of motion that the tokens keep. Only for files where the true warp gains at least 1.5 dB.',
  },
  stillGainDb: {
    label: 'still gain',
    unit: 'dB',
    digits: 2,
    definition: 'Preview minus hold. Only for still files; below zero where false motion does harm.',
  },
  movingCells: {
    label: 'moving cells',
    unit: '',
    digits: 3,
    definition:
      'Of the cells that carry a vector, the share whose true displacement is 0.25 px or more, as px at 576x320. A file with at least 0.05 is moving, any other still.',
  },
  motionMedianPx: {
    label: 'motion median',
    unit: 'px',
    digits: 3,
    definition:
      'Median distance between true and decoded displacement over all cells that carry a vector, as px at 576x320, to the nearest 1/256. Chunks without ids count as zeros. Only for moving files.',
  },
  motionExplained: {
    label: 'explained',
    unit: '',
    digits: 2,
    definition:
      '1 - sum of squared errors / sum of squared true displacements over the same cells. Only for moving files.',
  },
  falseMotion: {
    label: 'false motion',
    unit: '',
    digits: 4,
    definition:
      'Of the cells that carry a vector and whose true displacement is below 0.25 px, the share that was decoded as more than 0.5 px; for moving and still files.',
  },
  visualCodes: {
    label: 'visual codes',
    unit: '',
    digits: 0,
    definition: 'Entries of the visual codebook used at least once.',
  },
  visualPerplexity: {
    label: 'perplexity',
    unit: '',
    digits: 0,
    definition: '2 to the entropy, in bits, of the use of the visual codebook in the file.',
  },
  motionCodes: {
    label: 'motion codes',
    unit: '',
    digits: 0,
    definition: 'Entries of the motion codebook used at least once.',
  },
  motionPerplexity: {
    label: 'perplexity',
    unit: '',
    digits: 0,
    definition: '2 to the entropy, in bits, of the use of the motion codebook in the file.',
  },
  clips: {
    label: 'clips',
    unit: '',
    digits: 0,
    definition: 'Visual messages.',
  },
  gaps: {
    label: 'gaps',
    unit: '',
    digits: 0,
    definition: 'Gap messages.',
  },
  degraded: {
    label: 'degraded',
    unit: '',
    digits: 0,
    definition: 'Visual and motion messages marked degraded. They are rebuilt and count like all others.',
  },
} as const satisfies Record<string, FigureInfo>;

export type FigureName = keyof typeof FIGURES;

/** Names of all figures, in the order of tables. */
export const FIGURE_NAMES = Object.keys(FIGURES) as FigureName[];

/** Values by figure; null where there was nothing to measure. */
export type Figures = Readonly<Record<FigureName, number | null>>;

/** The least gain of true motion over holding, dB, at which the share kept of it says something. */
export const LEAST_GAIN_DB = 1.5;

/** The least share of moving cells at which a file is moving; below it the file is still. */
const LEAST_MOVING_SHARE = 0.05;

/** Whether a file is moving rather than still. */
export const isMoving = ({ movingCells }: Pick<Figures, 'movingCells'>): boolean =>
  movingCells !== null && movingCells >= LEAST_MOVING_SHARE;
