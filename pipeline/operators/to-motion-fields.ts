import { concatMap, defer, type OperatorFunction } from 'rxjs';
import { micros } from '../../client-sdk/protocol/units.ts';
import { assert, assertNever } from '../errors.ts';
import { type ClipClock, tickPts } from '../motion/clip-clock.ts';
import { FieldSampler, type SampledField } from '../motion/field-sampler.ts';
import { isStill } from '../motion/still.ts';
import type { Chunk, ChunkFields, ClipEvent, Keyframe, Provenance, TokenizableEvent } from '../types.ts';
import { ChunkLooks } from './chunk-looks.ts';

/** The pack's clock and grid, and what it makes of its chunks. */
export interface MotionGrid {
  readonly columns: number;
  readonly rows: number;
  readonly fieldsPerSecond: number;
  readonly fieldsPerChunk: number;
  /** Displacement as a fraction of the picture below which a chunk carries no motion. */
  readonly stillThreshold: number;
  /** Whether a chunk carries the fields of the one before it. */
  readonly context?: boolean | undefined;
}

/**
 * Turns the steps of each clip into motion fields on the pack's clock and grid, and groups them into chunks. A chunk
 * ends when it is full or its clip ends, so that one which another follows is full; nothing carries over from one clip
 * to the next.
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
  readonly keyframe: Keyframe;
  readonly sampler: FieldSampler;
  readonly looks: ChunkLooks;
  chunks: number;
  fields: SampledField[];
  /** The newest step, or the keyframe: what had to arrive for the fields so far. */
  latest: Provenance;
  /** A degraded step is part of the open field. */
  isFieldDegraded: boolean;
  /** A degraded field is part of the open chunk. */
  isChunkDegraded: boolean;
  /** What the open chunk is coded in view of, unless it is still. */
  previous: { readonly fields: ChunkFields; readonly isDegraded: boolean } | undefined;
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
          keyframe: event,
          sampler: new FieldSampler({ ...this.#grid, keyframePts: event.pts }),
          looks: new ChunkLooks(this.#grid.fieldsPerChunk),
          chunks: 0,
          fields: [],
          latest: event,
          isFieldDegraded: false,
          isChunkDegraded: false,
          previous: undefined,
        };
        yield event;
        return;
      case 'step': {
        const open = this.#openClip(event.clip);
        open.latest = event;
        yield* this.#collect(open, open.sampler.push(event), event);
        return;
      }
      case 'look':
        this.#openClip(event.clip).looks.add(event);
        return;
      case 'clip-end': {
        const open = this.#openClip(event.clip);
        // How long the last chunk is depends on what ended the clip.
        open.latest = { ...open.latest, received: event.received };
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

  #openClip(clip: number): Collection {
    assert(this.#open?.keyframe.clip === clip, 'the event belongs to the open clip');
    return this.#open;
  }

  *#collect(
    open: Collection,
    fields: readonly SampledField[],
    step?: Pick<Provenance, 'pts' | 'isDegraded'>,
  ): Generator<Chunk> {
    // The step is part of the first field that ends at or after it, and of no other.
    let isStepCounted = !step;
    for (const field of fields) {
      if (step && !isStepCounted && tickPts(this.#clock(open), field.index + 1) >= step.pts) {
        open.isFieldDegraded ||= step.isDegraded;
        isStepCounted = true;
      }
      open.isChunkDegraded ||= open.isFieldDegraded;
      open.isFieldDegraded = false;
      open.fields.push(field);
      if (open.fields.length === this.#grid.fieldsPerChunk) yield this.#takeChunk(open);
    }
    if (step && !isStepCounted) open.isFieldDegraded ||= step.isDegraded;
  }

  #clock(open: Collection): ClipClock {
    return { keyframePts: open.keyframe.pts, fieldsPerSecond: this.#grid.fieldsPerSecond };
  }

  #takeChunk(open: Collection): Chunk {
    const { fieldsPerChunk, stillThreshold, context } = this.#grid;
    const joined = joinFields(open.fields, this.#grid);
    const isChunkStill = isStill(joined, stillThreshold);
    const previous = isChunkStill ? undefined : open.previous;
    const fields = open.fields.length;
    const clock = this.#clock(open);
    const pts = tickPts(clock, open.chunks * fieldsPerChunk);
    const chunk: Chunk = {
      type: 'chunk',
      clip: open.keyframe.clip,
      chunk: open.chunks,
      fields,
      pts,
      duration: micros(tickPts(clock, open.chunks * fieldsPerChunk + fields) - pts),
      ...joined,
      isStill: isChunkStill,
      previous: previous?.fields,
      luma: open.looks.take(open.chunks, fields),
      received: open.latest.received,
      captured: open.latest.captured,
      unitIndex: open.latest.unitIndex,
      isDegraded: open.keyframe.isDegraded || open.isChunkDegraded || previous?.isDegraded === true,
    };
    open.chunks += 1;
    open.fields = [];
    open.previous =
      context && !isChunkStill ? { fields: joined, isDegraded: open.isChunkDegraded } : undefined;
    open.isChunkDegraded = false;
    return chunk;
  }
}

/** Lays fields one after the other; what a short chunk lacks is masked. */
function joinFields(
  fields: readonly SampledField[],
  { columns, rows, fieldsPerChunk }: MotionGrid,
): ChunkFields {
  const cells = columns * rows;
  const motion = new Float32Array(2 * fieldsPerChunk * cells);
  const mask = new Uint8Array(fieldsPerChunk * cells);
  fields.forEach((field, index) => {
    motion.set(field.dx, index * cells);
    motion.set(field.dy, (fieldsPerChunk + index) * cells);
    mask.set(field.mask, index * cells);
  });
  return { motion, mask };
}
