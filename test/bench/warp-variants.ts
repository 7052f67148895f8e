/**
 * Compares ways to rebuild pictures from a keyframe and motion fields: luma PSNR in dB, mean over all fields of a file,
 * with true keyframes and true vectors, so that nothing but the way differs.
 *
 *   npx tsx test/bench/warp-variants.ts FILE… [--seconds 8] [--only NAME]
 *
 * "picture" warps picture after picture; "map" carries coordinates and samples the keyframe once. "block" gives every
 * pixel its cell's vector, "smooth" interpolates between cells, "obmc" mixes the pixels that the four nearest cells
 * predict, "edge R" interpolates only between cells whose vectors differ by about R px or less. "blur" adds to the map
 * how far wrong it may be, and samples the keyframe as blurred as that. "sdk" is what the SDK does.
 *
 * The first two seconds of cityCC0 (fast pan), Megamind (animation with cuts), vtest (still camera, walkers) and
 * wannaworktogether (drawn), H.264 at quantizer 10, re-encoded motion at 576x320, 12 fields a second on 36x20 cells:
 *
 * | | city | megamind | vtest | wannaworktogether |
 * | --- | --- | --- | --- | --- |
 * | hold | 13.11 | 18.47 | 24.44 | 14.90 |
 * | picture, block | 19.28 | 25.71 | 27.38 | 19.49 |
 * | picture, smooth | 19.30 | 25.53 | 26.55 | 18.77 |
 * | picture, obmc | 19.33 | 25.38 | 27.12 | 19.68 |
 * | map, block | 20.82 | 25.90 | 26.64 | 19.40 |
 * | map, smooth | 20.88 | 25.58 | 25.90 | 18.71 |
 * | map, block, obmc | 20.88 | 26.06 | 26.87 | 19.55 |
 * | map, edge 1 | 20.99 | 26.01 | 26.69 | 19.49 |
 * | map, edge 1, blur | 21.45 | 26.05 | 26.96 | 19.50 |
 * | map, edge 1, more blur | 21.35 | 25.63 | 27.16 | 19.27 |
 * | sdk | 21.40 | 26.06 | 26.97 | 19.50 |
 */
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Geometry } from '../../client-sdk/reconstruct/detokenizer.ts';
import { MotionCompensation } from '../../client-sdk/reconstruct/motion-compensation.ts';
import { lumaOf } from '../../pipeline/eval/psnr.ts';
import { geometryOf } from '../../pipeline/models/onnx-detokenizer.ts';
import { createTokenEncoder } from '../../pipeline/models/onnx-token-encoder.ts';
import { loadPack } from '../../pipeline/models/pack.ts';
import { LumaWarp, type LumaWarpOptions } from './luma-warp.ts';
import { collectMotionClips, type Motion, type MotionClip } from './motion-clips.ts';

/** A way to rebuild: takes a keyframe, uint8 [height, width, 3], gives what takes a field and gives luma. */
type Variant = (keyframe: Uint8Array) => (motion: Motion) => ArrayLike<number>;

function variants(geometry: Geometry): Record<string, Variant> {
  const luma =
    (options: LumaWarpOptions): Variant =>
    (keyframe) => {
      const warp = new LumaWarp(geometry, Float32Array.from(lumaOf(keyframe)), options);
      return (motion) => warp.advance(motion);
    };
  return {
    hold: (keyframe) => {
      const held = lumaOf(keyframe);
      return () => held;
    },
    'picture, block': luma({ isCarried: false, vectors: 'block' }),
    'picture, smooth': luma({ isCarried: false, vectors: 'smooth' }),
    'picture, obmc': luma({ isCarried: false, vectors: 'obmc' }),
    'map, block': luma({ isCarried: true, vectors: 'block' }),
    'map, smooth': luma({ isCarried: true, vectors: 'smooth' }),
    'map, block, obmc': luma({ isCarried: true, vectors: 'obmc' }),
    'map, edge 1': luma({ isCarried: true, vectors: 'edge', edgePx: 1 }),
    'map, edge 1, blur': luma({ isCarried: true, vectors: 'edge', edgePx: 1, spread: 0.04, outside: 1 }),
    'map, edge 1, more blur': luma({ isCarried: true, vectors: 'edge', edgePx: 1, spread: 0.3, outside: 1 }),
    sdk: (keyframe) => {
      const compensation = new MotionCompensation(geometry);
      compensation.begin(planesOf(keyframe));
      let picture = lumaOf(compensation.render());
      return ({ dx, dy }) => {
        if (compensation.advance(dx, dy)) picture = lumaOf(compensation.render());
        return picture;
      };
    },
  };
}

/** Float32 [3, height, width], [0, 1], as a keyframe decoder gives it. */
function planesOf(rgb: Uint8Array): Float32Array {
  const pixels = rgb.length / 3;
  return Float32Array.from(
    { length: rgb.length },
    (_, at) => rgb[(at % pixels) * 3 + Math.floor(at / pixels)]! / 255,
  );
}

function meanPsnrDb(clips: readonly MotionClip[], variant: Variant): number {
  const values: number[] = [];
  for (const { keyframe, fields } of clips) {
    const advance = variant(keyframe);
    for (const { motion, original } of fields) {
      const picture = advance(motion);
      const squares = original.reduce((sum, value, pixel) => sum + (picture[pixel]! - value) ** 2, 0);
      values.push(10 * Math.log10((255 ** 2 * original.length) / Math.max(squares, 1)));
    }
  }
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '8' }, only: { type: 'string', default: '' } },
});
const pack = await loadPack(join(import.meta.dirname, '../../models/kino-mini'));
await using encoder = await createTokenEncoder(pack, { provider: 'cpu', workers: 1 });
const maxSeconds = Number(values.seconds);
const rows = new Map<string, string[]>();
for (const file of positionals) {
  const clips = await collectMotionClips(file, { pack, encoder, maxSeconds });
  for (const [name, variant] of Object.entries(variants(geometryOf(pack)))) {
    if (!name.includes(values.only)) continue;
    const figure = meanPsnrDb(clips, variant).toFixed(2);
    rows.set(name, [...(rows.get(name) ?? []), figure]);
    console.error(`${basename(file)}, ${name}: ${figure} dB`);
  }
}
console.log(`| | ${positionals.map((file) => basename(file)).join(' | ')} |`);
console.log(`| --- |${' --- |'.repeat(positionals.length)}`);
for (const [name, cells] of rows) console.log(`| ${name} | ${cells.join(' | ')} |`);
