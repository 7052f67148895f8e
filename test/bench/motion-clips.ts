import { createReadStream } from 'node:fs';
import { lastValueFrom, takeWhile, tap } from 'rxjs';
import { ulid } from 'ulid';
import type { JournalMessage } from '../../client-sdk/protocol/messages.ts';
import { micros, nowMillis } from '../../client-sdk/protocol/units.ts';
import { fillMasked } from '../../client-sdk/reconstruct/fill-masked.ts';
import { openNodeAvDecoder } from '../../pipeline/codec/node-av-decoder.ts';
import { demuxed } from '../../pipeline/demux/demux.ts';
import { SourcePictures } from '../../pipeline/eval/source-pictures.ts';
import { Scope } from '../../pipeline/lifetime.ts';
import type { OnnxTokenEncoder } from '../../pipeline/models/onnx-token-encoder.ts';
import type { LoadedPack } from '../../pipeline/models/pack.ts';
import { createCounters, tokenize } from '../../pipeline/tokenizer.ts';
import type { Chunk, Keyframe } from '../../pipeline/types.ts';

/** One motion field as the codec gave it, masked cells filled, and what it leads to. */
export interface TrueField {
  readonly motion: Motion;
  /** Luma of the source's picture at the field's tick. */
  readonly original: Uint8Array;
}

/** Displacement, float32 [rows, columns] each, as a fraction of width and height. */
export interface Motion {
  readonly dx: Float32Array;
  readonly dy: Float32Array;
}

/** A clip as it came from the source. */
export interface MotionClip {
  /** uint8 [height, width, 3], RGB. */
  readonly keyframe: Uint8Array;
  readonly fields: TrueField[];
}

export interface CollectOptions {
  readonly pack: LoadedPack;
  readonly encoder: OnnxTokenEncoder;
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
      tokenize(demuxed(createReadStream(file)), {
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
  return pair(messages, items, source, pack);
}

async function pair(
  messages: readonly JournalMessage[],
  items: readonly (Keyframe | Chunk)[],
  source: SourcePictures,
  pack: LoadedPack,
): Promise<MotionClip[]> {
  const clips: MotionClip[] = [];
  const queue = [...items];
  for (const message of messages) {
    if (message.type !== 'visual' && message.type !== 'motion') continue;
    const item = queue.shift();
    if (message.type === 'visual' && item?.type === 'keyframe')
      clips.push({ keyframe: item.pixels, fields: [] });
    else if (message.type === 'motion' && item?.type === 'chunk') {
      for (let field = 0; field < item.fields; field += 1) {
        const tickPts = micros(item.pts + ((field + 1) * 1e6) / pack.manifest.motion.fieldsPerSecond);
        clips.at(-1)?.fields.push({
          motion: trueMotion(item, field, pack),
          original: await source.lumaAt(tickPts),
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
