import { assert } from '../errors.ts';

/** A picture's look, from the tick on at which it is first shown. */
interface Look {
  readonly tick: number;
  readonly luma: Uint8Array;
}

/** Collects the looks of one clip's pictures for its chunks. */
export class ChunkLooks {
  readonly #fieldsPerChunk: number;
  // In order of ticks; the first is the one in force where the open chunk begins.
  #looks: Look[] = [];

  constructor(fieldsPerChunk: number) {
    this.#fieldsPerChunk = fieldsPerChunk;
  }

  /** Takes the clip's next look. */
  add(look: Look): void {
    this.#looks.push(look);
  }

  /**
   * The looks at the ticks of a chunk, see `Chunk.luma`; undefined where the clip has none. The caller owns them. Chunks
   * are taken in order.
   */
  take(chunk: number, fields: number): Uint8Array | undefined {
    if (this.#looks.length === 0) return undefined;
    const firstTick = chunk * this.#fieldsPerChunk;
    const size = this.#at(firstTick).luma.length;
    const luma = new Uint8Array((this.#fieldsPerChunk + 1) * size);
    for (let tick = 0; tick <= this.#fieldsPerChunk; tick++)
      luma.set(this.#at(firstTick + Math.min(tick, fields)).luma, tick * size);
    const inForce = this.#at(firstTick + fields);
    this.#looks = this.#looks.slice(this.#looks.indexOf(inForce));
    return luma;
  }

  #at(tick: number): Look {
    const look = this.#looks.findLast((each) => each.tick <= tick);
    assert(look, 'a clip has the look of its keyframe');
    return look;
  }
}
