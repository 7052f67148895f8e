import type { InferenceSession } from 'onnxruntime-node';
import { badPack } from './bad-pack.ts';
import { ladderOf, positionsIn } from './grid-ladder.ts';
import type { GraphRole, PackManifest } from './pack-manifest.ts';

/** A tensor at a graph's border. */
export interface TensorContract {
  readonly name: string;
  readonly type: 'float32' | 'int32';
  /** A letter stands for a dimension that the graph must leave open, under whatever name. */
  readonly shape: readonly (number | OpenDimension)[];
}

/** The items of a batch; the positions of a keyframe where the pack has a ladder of grids. */
type OpenDimension = 'N' | 'P';

/** The inputs and outputs of a graph. */
export interface GraphContract {
  readonly inputs: readonly TensorContract[];
  readonly outputs: readonly TensorContract[];
}

/** What a manifest promises of a graph. */
export function contractOf({ visual, motion }: PackManifest, role: GraphRole): GraphContract {
  const pixels = { name: 'pixels', type: 'float32', shape: ['N', 3, visual.height, visual.width] } as const;
  const fields = [motion.fieldsPerChunk, motion.rows, motion.columns];
  const vectors = { name: 'motion', type: 'float32', shape: ['N', 2, ...fields] } as const;
  const mask = { name: 'mask', type: 'float32', shape: ['N', 1, ...fields] } as const;
  const positions = ladderOf(visual) ? 'P' : positionsIn(visual);
  const visualIds = { name: 'ids', type: 'int32', shape: ['N', positions] } as const;
  const motionIds = { name: 'ids', type: 'int32', shape: ['N', motion.tokensPerChunk] } as const;
  switch (role) {
    case 'visualEncoder':
      return { inputs: [pixels, ...gridInputs(visual), ...budgetInputs(visual)], outputs: [visualIds] };
    case 'motionEncoder':
      return {
        inputs: [vectors, mask, ...contextFields(motion), ...lookInputs(motion)],
        outputs: [motionIds],
      };
    case 'visualDecoder':
      return { inputs: [visualIds, ...gridInputs(visual)], outputs: [pixels] };
    case 'motionDecoder':
      return { inputs: [motionIds, ...contextIds(motion)], outputs: [vectors] };
  }
}

/** The rows and columns of all keyframes of a run, where the pack has a ladder of grids. */
const gridInputs = (visual: PackManifest['visual']): TensorContract[] =>
  ladderOf(visual) ? [{ name: 'grid', type: 'int32', shape: [2] }] : [];

/** What a keyframe of dynamic length may have: the least score of a token (exclusive), and the most tokens. */
const budgetInputs = ({ dynamic }: PackManifest['visual']): TensorContract[] =>
  dynamic
    ? [
        { name: 'threshold', type: 'float32', shape: ['N'] },
        { name: 'cap', type: 'int32', shape: ['N'] },
      ]
    : [];

/** Whether there is a chunk before, 0 or 1. */
const HAS_PREVIOUS: TensorContract = { name: 'hasPrevious', type: 'float32', shape: ['N'] };

/** The fields of the chunk before, zeros without one, where the pack's motion has context. */
const contextFields = (motion: PackManifest['motion']): TensorContract[] => {
  if (!motion.context) return [];
  const fields = [motion.fieldsPerChunk, motion.rows, motion.columns];
  return [
    { name: 'previousMotion', type: 'float32', shape: ['N', 2, ...fields] },
    { name: 'previousMask', type: 'float32', shape: ['N', 1, ...fields] },
    HAS_PREVIOUS,
  ];
};

/** The ids of the chunk before, zeros without one, where the pack's motion has context. */
const contextIds = ({ context, tokensPerChunk }: PackManifest['motion']): TensorContract[] =>
  context ? [{ name: 'previousIds', type: 'int32', shape: ['N', tokensPerChunk] }, HAS_PREVIOUS] : [];

/** The pictures at a chunk's ticks, 0 to 1, where the pack asks for them. */
const lookInputs = ({ luma, fieldsPerChunk }: PackManifest['motion']): TensorContract[] =>
  luma ? [{ name: 'luma', type: 'float32', shape: ['N', fieldsPerChunk + 1, luma.height, luma.width] }] : [];

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
    const isEqual =
      meta.shape.length === tensor.shape.length &&
      tensor.shape.every((edge, at) =>
        typeof meta.shape[at] === 'string'
          ? typeof edge === 'string' || isOpenAllowed
          : meta.shape[at] === edge,
      );
    const open = tensor.shape.filter((edge) => typeof edge === 'string').join(' and ');
    if (!isEqual)
      throw badPack(
        `${what} ${tensor.name} must have the shape [${tensor.shape.join(', ')}] of the manifest` +
          `${open && ` with ${open} open`}, got [${meta.shape.join(', ')}]`,
      );
  }
}
