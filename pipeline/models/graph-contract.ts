import type { InferenceSession } from 'onnxruntime-node';
import { badPack } from './bad-pack.ts';
import type { GraphRole, PackManifest } from './pack-manifest.ts';

/** A tensor at a graph's border; the first dimension is the batch, which the graph must leave open. */
export interface TensorContract {
  readonly name: string;
  readonly type: 'float32' | 'int32';
  /** Dimensions after the batch. */
  readonly shape: readonly number[];
}

/** The inputs and outputs of a graph. */
export interface GraphContract {
  readonly inputs: readonly TensorContract[];
  readonly outputs: readonly TensorContract[];
}

/** What a manifest promises of a graph. */
export function contractOf({ visual, motion }: PackManifest, role: GraphRole): GraphContract {
  const pixels = { name: 'pixels', type: 'float32', shape: [3, visual.height, visual.width] } as const;
  const fields = [motion.fieldsPerChunk, motion.rows, motion.columns];
  const vectors = { name: 'motion', type: 'float32', shape: [2, ...fields] } as const;
  const mask = { name: 'mask', type: 'float32', shape: [1, ...fields] } as const;
  const visualIds = { name: 'ids', type: 'int32', shape: [visual.columns * visual.rows] } as const;
  const motionIds = { name: 'ids', type: 'int32', shape: [motion.tokensPerChunk] } as const;
  switch (role) {
    case 'visualEncoder':
      return { inputs: [pixels, ...budgetInputs(visual)], outputs: [visualIds] };
    case 'motionEncoder':
      return {
        inputs: [vectors, mask, ...contextFields(motion), ...lookInputs(motion)],
        outputs: [motionIds],
      };
    case 'visualDecoder':
      return { inputs: [visualIds], outputs: [pixels] };
    case 'motionDecoder':
      return { inputs: [motionIds, ...contextIds(motion)], outputs: [vectors] };
  }
}

/** What a keyframe of dynamic length may have: the least score of a token (exclusive), and the most tokens. */
const budgetInputs = ({ dynamic }: PackManifest['visual']): TensorContract[] =>
  dynamic
    ? [
        { name: 'threshold', type: 'float32', shape: [] },
        { name: 'cap', type: 'int32', shape: [] },
      ]
    : [];

/** Whether there is a chunk before, 0 or 1. */
const HAS_PREVIOUS: TensorContract = { name: 'hasPrevious', type: 'float32', shape: [] };

/** The fields of the chunk before, zeros without one, where the pack's motion has context. */
const contextFields = (motion: PackManifest['motion']): TensorContract[] => {
  if (!motion.context) return [];
  const fields = [motion.fieldsPerChunk, motion.rows, motion.columns];
  return [
    { name: 'previousMotion', type: 'float32', shape: [2, ...fields] },
    { name: 'previousMask', type: 'float32', shape: [1, ...fields] },
    HAS_PREVIOUS,
  ];
};

/** The ids of the chunk before, zeros without one, where the pack's motion has context. */
const contextIds = ({ context, tokensPerChunk }: PackManifest['motion']): TensorContract[] =>
  context ? [{ name: 'previousIds', type: 'int32', shape: [tokensPerChunk] }, HAS_PREVIOUS] : [];

/** The pictures at a chunk's ticks, 0 to 1, where the pack asks for them. */
const lookInputs = ({ luma, fieldsPerChunk }: PackManifest['motion']): TensorContract[] =>
  luma ? [{ name: 'luma', type: 'float32', shape: [fieldsPerChunk + 1, luma.height, luma.width] }] : [];

/**
 * Compares an open graph with its contract; throws a `ConfigError` of code `bad-pack`. Dimensions that an output leaves
 * open are left to the first run.
 */
export function checkGraph(
  session: Pick<InferenceSession, 'inputMetadata' | 'outputMetadata'>,
  contract: GraphContract,
  file: string,
): void {
  checkSide(session.inputMetadata, contract.inputs, `${file}: input`, false);
  checkSide(session.outputMetadata, contract.outputs, `${file}: output`, true);
}

function checkSide(
  got: readonly InferenceSession.ValueMetadata[],
  wanted: readonly TensorContract[],
  what: string,
  isOpenAllowed: boolean,
): void {
  const names = got.map((each) => each.name);
  const wantedNames = wanted.map((each) => each.name);
  if (names.length !== wantedNames.length || !wantedNames.every((name) => names.includes(name)))
    throw badPack(`${what} names must be ${wantedNames.join(', ')}, got ${names.join(', ')}`);
  for (const tensor of wanted) {
    const meta = got.find((each) => each.name === tensor.name);
    if (meta === undefined || !meta.isTensor) throw badPack(`${what} ${tensor.name} must be a tensor`);
    if (meta.type !== tensor.type)
      throw badPack(`${what} ${tensor.name} must be ${tensor.type}, got ${meta.type}`);
    const [batch, ...rest] = meta.shape;
    const isEqual =
      typeof batch === 'string' &&
      rest.length === tensor.shape.length &&
      rest.every((edge, at) => edge === tensor.shape[at] || (isOpenAllowed && typeof edge === 'string'));
    if (!isEqual)
      throw badPack(
        `${what} ${tensor.name} must have the shape [${['N', ...tensor.shape].join(', ')}] of the manifest with N open, ` +
          `got [${meta.shape.join(', ')}]`,
      );
  }
}
