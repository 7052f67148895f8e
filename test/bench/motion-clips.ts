import { createReadStream } from 'node:fs';
import { lastValueFrom, takeWhile, tap } from 'rxjs';
import { ulid } from 'ulid';
import type { JournalMessage } from '../../client-sdk/protocol/messages.ts';
import { nowMillis } from '../../client-sdk/protocol/units.ts';
import { fillMasked } from '../../client-sdk/reconstruct/fill-masked.ts';
import { openNodeAvDecoder } from '../../pipeline/codec/node-av-decoder.ts';
import { lumaOf } from '../../pipeline/eval/psnr.ts';
import { SourcePictures } from '../../pipeline/eval/source-pictures.ts';
import { Scope } from '../../pipeline/lifetime.ts';
import type { OnnxDetokenizer } from '../../pipeline/models/onnx-detokenizer.ts';
import type { OnnxTokenEncoder } from '../../pipeline/models/onnx-token-encoder.ts';
import type { LoadedPack } from '../../pipeline/models/pack.ts';
import { createCounters, tokenize } from '../../pipeline/tokenizer.ts';
import type { Chunk, Keyframe } from '../../pipeline/types.ts';

/** One motion field as the codec gave it, masked cells filled, and as the tokens give it back. */
export interface FieldPair {
  readonly true: Motion;
  readonly decoded: Motion;
  /** Luma of the source's picture at the field's tick. */
  readonly original: Uint8Array;
}

/** Displacement, float32 [rows, columns] each, as a fraction of width and height. */
export interface Motion {
  readonly dx: Float32Array;
  readonly dy: Float32Array;
}

/** A clip with all that reconstruction could be made from; keyframes float32 [3, height, width], RGB, [0, 1]. */
export interface MotionClip {
  readonly keyframe: { readonly true: Float32Array; readonly decoded: Float32Array };
  readonly fields: FieldPair[];
}

export interface CollectOptions {
  readonly pack: LoadedPack;
  readonly encoder: OnnxTokenEncoder;
  readonly detokenizer: OnnxDetokenizer;
  readonly maxSeconds: number;
}

/** The clips of a file, by the tokenizer itself. */
export async function collectMotionClips(file: string, options: CollectOptions): Promise<MotionClip[]> {
  const { pack, encoder, maxSeconds } = options;
  const { visual } = pack.manifest;
  const source = new SourcePictures({ widthPx: visual.width, heightPx: visual.height });
  const items: (Keyframe | Chunk)[] = [];
  const messages: JournalMessage[] = [];
  const scope = new Scope();
  try {
    await lastValueFrom(
      tokenize(createReadStream(file), {
        stream: 'bench',
        epoch: ulid(),
        delivery: 'complete',
        motion: 'reencode',
        pack,
        encoder,
        openDecoder: openNodeAvDecoder,
        limits: { maxUnitBytes: 2 ** 24, maxPixels: 2 ** 23, windowUnits: 64, windowBytes: 2 ** 24 },
        counters: createCounters(),
        probe: {
          onUnit: () => undefined,
          onPicture: (picture) => source.add(picture),
          onItem: (item) => items.push(item),
        },
        scope,
        now: nowMillis,
      }).pipe(
        takeWhile((message) => !('pts' in message) || message.pts < maxSeconds * 1e6),
        tap((message) => messages.push(message)),
      ),
      { defaultValue: undefined },
    );
  } finally {
    await scope.close();
  }
  return pair(messages, items, source, options);
}

async function pair(
  messages: readonly JournalMessage[],
  items: readonly (Keyframe | Chunk)[],
  source: SourcePictures,
  { pack, detokenizer }: CollectOptions,
): Promise<MotionClip[]> {
  const clips: MotionClip[] = [];
  const queue = [...items];
  for (const message of messages) {
    if (message.type !== 'visual' && message.type !== 'motion') continue;
    const item = queue.shift();
    if (message.type === 'visual' && item?.type === 'keyframe') {
      const decoded = await detokenizer.decodeKeyframe(message.ids);
      clips.push({ keyframe: { true: planesOf(item.pixels), decoded }, fields: [] });
    } else if (message.type === 'motion' && item?.type === 'chunk') {
      const decoded =
        message.ids.length > 0
          ? await detokenizer.decodeMotion(message.ids)
          : new Float32Array(item.motion.length);
      for (let field = 0; field < item.fields; field += 1) {
        const endPts = message.pts + ((field + 1) * 1e6) / pack.manifest.motion.fieldsPerSecond;
        clips.at(-1)?.fields.push({
          true: trueMotion(item, field, pack),
          decoded: motionAt(decoded, field, pack),
          original: await source.lumaAt(Math.round(endPts) as typeof item.pts),
        });
      }
    } else throw new Error('a message and what it was made of must come in pairs');
  }
  return clips;
}

function motionAt(motion: Float32Array, field: number, { manifest }: LoadedPack): Motion {
  const { columns, rows, fieldsPerChunk } = manifest.motion;
  const cells = columns * rows;
  const plane = (index: number) => motion.subarray(index * cells, (index + 1) * cells);
  return { dx: plane(field), dy: plane(fieldsPerChunk + field) };
}

function trueMotion(chunk: Chunk, field: number, pack: LoadedPack): Motion {
  const { columns, rows } = pack.manifest.motion;
  const mask = chunk.mask.subarray(field * columns * rows, (field + 1) * columns * rows);
  return fillMasked({ columns, rows, ...motionAt(chunk.motion, field, pack), mask });
}

function planesOf(rgb: Uint8Array): Float32Array {
  const pixels = rgb.length / 3;
  return Float32Array.from({ length: rgb.length }, (_, at) => {
    const pixel = at % pixels;
    return (rgb[pixel * 3 + Math.floor(at / pixels)] ?? 0) / 255;
  });
}

/** Luma of float32 [3, height, width], [0, 1], as float32 [height, width], [0, 255]. */
export function lumaPlane(planes: Float32Array): Float32Array {
  const pixels = planes.length / 3;
  const rgb = Uint8Array.from({ length: planes.length }, (_, at) => {
    const value = planes[(at % 3) * pixels + Math.floor(at / 3)] ?? 0;
    return Math.round(Math.min(1, Math.max(0, value)) * 255);
  });
  return Float32Array.from(lumaOf(rgb));
}
