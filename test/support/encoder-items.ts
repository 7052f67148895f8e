import {
  createTokenEncoder,
  type OnnxTokenEncoder,
  type TokenEncoderOptions,
} from '../../pipeline/models/onnx-token-encoder.ts';
import { loadPack } from '../../pipeline/models/pack.ts';
import { seededRandom } from './seeded-random.ts';

/** Pixels of a keyframe. */
export const PIXELS = 256 * 256;
/** Cells of a chunk, all its fields together. */
export const CELLS = 8 * 20 * 36;
/** How live work and uploads are encoded. */
export const live = { isLive: true };
export const complete = { isLive: false };

/** A keyframe of one colour; the tiny pack's ids are 4 bits each of red, green and blue. */
export const plain = (red: number, green: number, blue: number) => ({
  pixels: Uint8Array.from({ length: PIXELS * 3 }, (_, at) => [red, green, blue][at % 3]!),
});
export const idOf = (red: number, green: number, blue: number): number =>
  [red, green, blue].reduce((id, value) => id * 16 + Math.round((value * 15) / 255), 0);

/** A keyframe of noise. */
export const noisy = (seed: number) => {
  const random = seededRandom(seed);
  return { pixels: Uint8Array.from({ length: PIXELS * 3 }, () => random() * 256) };
};
/** A chunk that moves by so much everywhere. */
export const moving = (dx: number, dy: number) => ({
  motion: Float32Array.from({ length: 2 * CELLS }, (_, at) => (at < CELLS ? dx : dy)),
  mask: new Uint8Array(CELLS).fill(1),
});
/** Its id by the tiny pack. */
export const motionIdOf = (dx: number, dy: number): number =>
  32 * (Math.round(5 * Math.asinh(dx / 0.004)) + 15) + Math.round(5 * Math.asinh(dy / 0.007)) + 15;

/** Opens an encoder of the pack in a folder. */
export const openEncoder = async (folder: string, options?: TokenEncoderOptions): Promise<OnnxTokenEncoder> =>
  createTokenEncoder(await loadPack(folder), options);
