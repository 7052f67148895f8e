import type { MotionNormalization, PackManifest } from './pack-manifest.ts';

/** Writes pixels, uint8 [height, width, 3], into a graph's input, float32 [3, height, width] at `offset`. */
export type NormalizePixels = (pixels: Uint8Array, target: Float32Array, offset: number) => void;

/** Makes the keyframe normalization of a pack; each of the 3 x 256 values is computed once. */
export function pixelNormalizer({ normalization }: PackManifest['visual']): NormalizePixels {
  const tables = [0, 1, 2].map((channel) => {
    const mean = normalization.mean[channel]!;
    const std = normalization.std[channel]!;
    return Float32Array.from({ length: 256 }, (_, value) => (value / 255 - mean) / std);
  });
  return (pixels, target, offset) => {
    const plane = pixels.length / 3;
    for (let channel = 0; channel < 3; channel++) {
      const table = tables[channel]!;
      const start = offset + channel * plane;
      for (let at = 0, from = channel; at < plane; at++, from += 3)
        target[start + at] = table[pixels[from]!]!;
    }
  };
}

/** Writes a chunk's motion and mask into a graph's inputs at the chunk's slot; masked cells become 0. */
export function normalizeMotion(
  { type, scale }: MotionNormalization,
  chunk: { readonly motion: Float32Array; readonly mask: Uint8Array },
  target: { readonly motion: Float32Array; readonly mask: Float32Array; readonly slot: number },
): void {
  const { motion, mask } = chunk;
  const cells = mask.length;
  const motionStart = target.slot * 2 * cells;
  const maskStart = target.slot * cells;
  for (let at = 0; at < cells; at++) target.mask[maskStart + at] = mask[at] === 0 ? 0 : 1;
  for (let axis = 0; axis < 2; axis++) {
    const unit = scale[axis]!;
    for (let at = 0, from = axis * cells; at < cells; at++, from++) {
      const value = mask[at] === 0 ? 0 : motion[from]! / unit;
      target.motion[motionStart + from] = type === 'asinh' ? Math.asinh(value) : value;
    }
  }
}

/** Turns a graph's motion, float32 [2, …], into fractions of width and height, in place. */
export function denormalizeMotion({ type, scale }: MotionNormalization, motion: Float32Array): Float32Array {
  const half = motion.length / 2;
  for (let at = 0; at < motion.length; at++) {
    const unit = at < half ? scale[0] : scale[1];
    motion[at] = unit * (type === 'asinh' ? Math.sinh(motion[at]!) : motion[at]!);
  }
  return motion;
}
