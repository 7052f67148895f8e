/**
 * Compares ways to rebuild pictures from a keyframe and motion fields: luma PSNR in dB, mean over all fields of a file,
 * for true keyframes with true motion and for both as the tokens give them back.
 *
 *   npx tsx test/bench/warp-variants.ts FILE… [--seconds 8] [--only NAME]
 *
 * "picture" warps picture after picture; "map" carries coordinates and samples the keyframe once. "block" gives every
 * pixel its cell's vector, "smooth" interpolates between cells, "obmc" mixes the pixels that the four nearest cells
 * predict, "edge R" interpolates only between cells whose vectors differ by about R px or less. "blur" adds to the map
 * how far wrong it may be, and samples the keyframe as blurred as that. "sdk" is what the SDK does.
 */
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Geometry } from '../../client-sdk/reconstruct/detokenizer.ts';
import { MotionCompensation } from '../../client-sdk/reconstruct/motion-compensation.ts';
import { lumaOf } from '../../pipeline/eval/psnr.ts';
import { createOnnxDetokenizer, geometryOf } from '../../pipeline/models/onnx-detokenizer.ts';
import { createTokenEncoder } from '../../pipeline/models/onnx-token-encoder.ts';
import { loadPack } from '../../pipeline/models/pack.ts';
import { LumaWarp, type LumaWarpOptions } from './luma-warp.ts';
import { collectMotionClips, lumaPlane, type Motion, type MotionClip } from './motion-clips.ts';

/** A way to rebuild: takes a keyframe, gives what takes a field and gives luma. */
type Variant = (keyframe: Float32Array) => (motion: Motion) => ArrayLike<number>;

function variants(geometry: Geometry): Record<string, Variant> {
  const luma =
    (options: LumaWarpOptions): Variant =>
    (keyframe) => {
      const warp = new LumaWarp(geometry, lumaPlane(keyframe), options);
      return (motion) => warp.advance(motion);
    };
  return {
    hold: (keyframe) => {
      const held = lumaPlane(keyframe);
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
      compensation.begin(keyframe);
      let picture = lumaOf(compensation.render());
      return ({ dx, dy }) => {
        if (compensation.advance(dx, dy)) picture = lumaOf(compensation.render());
        return picture;
      };
    },
  };
}

function meanPsnrDb(clips: readonly MotionClip[], which: 'true' | 'decoded', variant: Variant): number {
  let sum = 0;
  let count = 0;
  for (const clip of clips) {
    const advance = variant(clip.keyframe[which]);
    for (const field of clip.fields) {
      const picture = advance(field[which]);
      let squares = 0;
      field.original.forEach((value, pixel) => {
        squares += ((picture[pixel] ?? 0) - value) ** 2;
      });
      sum += 10 * Math.log10((255 ** 2 * field.original.length) / Math.max(squares, 1e-3));
      count += 1;
    }
  }
  return sum / count;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '8' }, only: { type: 'string', default: '' } },
});
const pack = await loadPack(join(import.meta.dirname, '../../models/kino-mini'));
await using encoder = await createTokenEncoder(pack, { provider: 'cpu', workers: 1 });
await using detokenizer = await createOnnxDetokenizer(pack);
const maxSeconds = Number(values.seconds);
const rows = new Map<string, string[]>();
for (const file of positionals) {
  const clips = await collectMotionClips(file, { pack, encoder, detokenizer, maxSeconds });
  for (const [name, variant] of Object.entries(variants(geometryOf(pack)))) {
    if (!name.includes(values.only)) continue;
    const cells = (['true', 'decoded'] as const).map((which) => meanPsnrDb(clips, which, variant).toFixed(2));
    rows.set(name, [...(rows.get(name) ?? []), ...cells]);
  }
}
console.log(`| | ${positionals.map((file) => `${basename(file)}, true | tokens`).join(' | ')} |`);
console.log(`| --- |${' --- |'.repeat(positionals.length * 2)}`);
for (const [name, cells] of rows) console.log(`| ${name} | ${cells.join(' | ')} |`);
