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
    definition: 'All ids, visual and motion, divided by the media time.',
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
      'The same for a thumbnail: the mean of each cell of the visual grid (16x16), rounded to uint8, scaled up bicubically (Catmull-Rom, a = -0.5, edges repeated).',
  },
  av1Db: {
    label: 'AV1',
    unit: 'dB',
    digits: 2,
    definition:
      'The same for one AV1 key frame of at most as many bytes as the ids of a keyframe take (256 ids of 12 bits: 384 bytes): SVT-AV1, preset 4, 4:2:0, the finest quantizer that fits; coded at whichever of 1, 3/4, 1/2, 3/8 and 1/4 of the sides gives the best picture. Empty with --no-av1.',
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
  motionMedianPx: {
    label: 'motion median',
    unit: 'px',
    digits: 3,
    definition:
      'Median distance between true and decoded displacement over all cells that carry a vector, as px at 576x320, to the nearest 1/256. Chunks without ids count as zeros.',
  },
  motionExplained: {
    label: 'explained',
    unit: '',
    digits: 2,
    definition:
      '1 - sum of squared errors / sum of squared true displacements over the same cells. Empty where nothing moves.',
  },
  falseMotion: {
    label: 'false motion',
    unit: '',
    digits: 4,
    definition:
      'Of the cells whose true displacement is below 0.25 px, the share that was decoded as more than 0.5 px.',
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
    definition:
      'Visual and motion messages marked degraded. They make no picture, so no other figure counts them but rates and codes.',
  },
} as const satisfies Record<string, FigureInfo>;

export type FigureName = keyof typeof FIGURES;

/** Names of all figures, in the order of tables. */
export const FIGURE_NAMES = Object.keys(FIGURES) as FigureName[];

/** Values by figure; null where there was nothing to measure. */
export type Figures = Readonly<Record<FigureName, number | null>>;

/** The least gain of true motion over holding, dB, at which the share kept of it says something. */
export const LEAST_GAIN_DB = 1.5;
