import { concatMap, defer, type OperatorFunction } from 'rxjs';
import { type Micros, micros } from '../../client-sdk/protocol/units.ts';
import { assert, assertNever } from '../errors.ts';
import { FieldSampler, type SampledField } from '../motion/field-sampler.ts';
import type { Chunk, ClipEvent, Provenance, TokenizableEvent } from '../types.ts';

/** The pack's clock and grid. */
export interface MotionGrid {
  readonly columns: number;
  readonly rows: number;
  readonly fieldsPerSecond: number;
  readonly fieldsPerChunk: number;
}

/**
 * Turns the steps of each clip into motion fields on the pack's clock and grid, and groups them into chunks. A chunk
 * ends when it is full or its clip ends; nothing carries over from one clip to the next.
 */
export function toMotionFields(grid: MotionGrid): OperatorFunction<ClipEvent, TokenizableEvent> {
  return (source) =>
    defer(() => {
      const assembler = new ChunkAssembler(grid);
      return source.pipe(concatMap((event) => [...assembler.handle(event)]));
    });
}

/** The clip whose fields are being collected. */
interface Collection {
  readonly clip: number;
  readonly keyframePts: Micros;
  readonly sampler: FieldSampler;
  chunks: number;
  fields: SampledField[];
  latest: Provenance;
  isDegraded: boolean;
}

class ChunkAssembler {
  readonly #grid: MotionGrid;
  #open: Collection | undefined;

  constructor(grid: MotionGrid) {
    this.#grid = grid;
  }

  *handle(event: ClipEvent): Generator<TokenizableEvent> {
    switch (event.type) {
      case 'keyframe':
        this.#open = {
          clip: event.clip,
          keyframePts: event.pts,
          sampler: new FieldSampler({ ...this.#grid, keyframePts: event.pts }),
          chunks: 0,
          fields: [],
          latest: event,
          isDegraded: event.isDegraded,
        };
        yield event;
        return;
      case 'step': {
        const open = this.#open;
        assert(open?.clip === event.clip, 'a step belongs to the open clip');
        open.latest = event;
        open.isDegraded ||= event.isDegraded;
        yield* this.#collect(open, open.sampler.push(event));
        return;
      }
      case 'clip-end': {
        const open = this.#open;
        assert(open?.clip === event.clip, 'the open clip ends');
        yield* this.#collect(open, open.sampler.end(event.endPts));
        if (open.fields.length > 0) yield this.#takeChunk(open);
        this.#open = undefined;
        return;
      }
      case 'announcement':
      case 'gap':
        yield event;
        return;
      default:
        assertNever(event);
    }
  }

  *#collect(open: Collection, fields: readonly SampledField[]): Generator<Chunk> {
    for (const field of fields) {
      open.fields.push(field);
      if (open.fields.length === this.#grid.fieldsPerChunk) yield this.#takeChunk(open);
    }
  }

  #takeChunk(open: Collection): Chunk {
    const { columns, rows, fieldsPerChunk, fieldsPerSecond } = this.#grid;
    const cells = columns * rows;
    const motion = new Float32Array(2 * fieldsPerChunk * cells);
    const mask = new Uint8Array(fieldsPerChunk * cells);
    open.fields.forEach((field, index) => {
      motion.set(field.dx, index * cells);
      motion.set(field.dy, (fieldsPerChunk + index) * cells);
      mask.set(field.mask, index * cells);
    });
    const first = open.chunks * fieldsPerChunk;
    const fields = open.fields.length;
    const tick = (index: number): number => open.keyframePts + Math.round((index * 1e6) / fieldsPerSecond);
    const chunk: Chunk = {
      type: 'chunk',
      clip: open.clip,
      chunk: open.chunks,
      fields,
      pts: micros(tick(first)),
      duration: micros(tick(first + fields) - tick(first)),
      motion,
      mask,
      received: open.latest.received,
      unitIndex: open.latest.unitIndex,
      isDegraded: open.isDegraded,
    };
    open.chunks += 1;
    open.fields = [];
    return chunk;
  }
}
