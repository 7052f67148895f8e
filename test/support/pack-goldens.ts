import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Grid } from '../../client-sdk/protocol/positions.ts';
import type { Chunk, ChunkFields } from '../../pipeline/types.ts';
import { readPng } from './read-png.ts';

/** Ids as PyTorch gave them, and which of them are far enough from any other for every runtime to agree. */
export interface GoldenIds {
  readonly ids: readonly number[];
  readonly isSure: readonly boolean[];
}

/** A keyframe on one grid of the ladder. */
export interface GoldenGrid extends GoldenIds, Grid {
  /** float32 [3, 16, 16]: decoded pixels at rows and columns 8, 24, … */
  readonly decoded: Float32Array;
}

/** Inputs of a pack's graphs and what PyTorch made of them when the pack was exported. */
export interface PackGoldens {
  readonly visual: {
    /** uint8 [256, 256, 3], RGB. */
    readonly pixels: Uint8Array;
    readonly grids: readonly GoldenGrid[];
  };
  readonly motion: GoldenIds & {
    /** With the chunk before it, of a pack whose motion has context. */
    readonly chunk: Pick<Chunk, 'motion' | 'mask' | 'luma' | 'previous'>;
    /** Of a pack whose motion has context. */
    readonly previousIds: readonly number[] | undefined;
    /** float32 [2, 8, 20, 36], fractions. */
    readonly decoded: Float32Array;
  };
}

interface Encoded {
  readonly data: string;
}

export async function readGoldens(folder: string): Promise<PackGoldens> {
  const { visual, motion } = JSON.parse(await readFile(join(folder, 'goldens.json'), 'utf8'));
  const { rgb } = readPng(await readFile(join(folder, visual.input.file)));
  const previous: ChunkFields | undefined = motion.previousInput && {
    motion: float16Of(motion.previousInput),
    mask: bytesOf(motion.previousMask),
  };
  return {
    visual: {
      pixels: rgb,
      grids: visual.grids.map(({ columns, rows, decoded, ...ids }: Grid & RawIds & { decoded: Encoded }) => ({
        ...{ columns, rows, ...idsOf(ids) },
        decoded: float32Of(decoded),
      })),
    },
    motion: {
      ...idsOf(motion),
      chunk: {
        motion: float16Of(motion.input),
        mask: bytesOf(motion.mask),
        luma: bytesOf(motion.luma),
        previous,
      },
      previousIds: motion.previousIds,
      decoded: float32Of(motion.decoded),
    },
  };
}

interface RawIds {
  readonly ids: readonly number[];
  /** A digit for each id, 1 where it is sure. */
  readonly sure: string;
}

const idsOf = ({ ids, sure }: RawIds): GoldenIds => ({
  ids,
  isSure: [...sure].map((each) => each === '1'),
});

const bytesOf = ({ data }: Encoded): Uint8Array => new Uint8Array(Buffer.from(data, 'base64'));

const float32Of = (encoded: Encoded): Float32Array => new Float32Array(bytesOf(encoded).buffer);

/** IEEE 754 binary16, little-endian. */
function float16Of(encoded: Encoded): Float32Array {
  const bytes = bytesOf(encoded);
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 2 }, (_, at) => {
    const bits = view.getUint16(at * 2, true);
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
  });
}
