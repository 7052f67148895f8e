import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChunkFields } from '../../pipeline/types.ts';
import { readPng } from './read-png.ts';

/** Inputs of a pack's graphs and what PyTorch made of them when the pack was trained. */
export interface PackGoldens {
  readonly visual: {
    /** uint8 [256, 256, 3], RGB. */
    readonly pixels: Uint8Array;
    readonly ids: readonly number[];
    /** uint8 [3, 16, 16]: decoded pixels at rows and columns 8, 24, … */
    readonly decoded: Uint8Array;
  };
  readonly motion: {
    /** float32 [2, 8, 20, 36], fractions. */
    readonly motion: Float32Array;
    /** uint8 [8, 20, 36]. */
    readonly mask: Uint8Array;
    /** uint8 [9, 40, 72]. */
    readonly luma: Uint8Array;
    /** The chunk before, of a pack whose motion has context. */
    readonly previous: ChunkFields | undefined;
    readonly previousIds: readonly number[] | undefined;
    readonly ids: readonly number[];
    /** float32 [2, 8, 20, 36], fractions. */
    readonly decoded: Float32Array;
  };
}

export async function readGoldens(folder: string): Promise<PackGoldens> {
  const { visual, motion } = JSON.parse(await readFile(join(folder, 'goldens.json'), 'utf8'));
  const { rgb } = readPng(await readFile(join(folder, visual.input.file)));
  const bytesOf = ({ data }: { data: string }): Uint8Array => new Uint8Array(Buffer.from(data, 'base64'));
  return {
    visual: { pixels: rgb, ids: visual.ids, decoded: bytesOf(visual.decoded) },
    motion: {
      motion: fromFloat16(bytesOf(motion.input)),
      mask: bytesOf(motion.mask),
      luma: bytesOf(motion.luma),
      previous: motion.previousInput && {
        motion: fromFloat16(bytesOf(motion.previousInput)),
        mask: bytesOf(motion.previousMask),
      },
      previousIds: motion.previousIds,
      ids: motion.ids,
      decoded: new Float32Array(bytesOf(motion.decoded).buffer),
    },
  };
}

/** IEEE 754 binary16, little-endian. */
function fromFloat16(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 2 }, (_, at) => {
    const bits = view.getUint16(at * 2, true);
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
  });
}
