import type { Message, MotionMessage, VisualMessage } from '../protocol/messages.ts';
import type { Grid } from '../protocol/positions.ts';
import { type Micros, micros } from '../protocol/units.ts';
import { type Detokenizer, fits, type Geometry } from './detokenizer.ts';
import { MotionCompensation } from './motion-compensation.ts';

/** One picture made from tokens alone. */
export interface ReconstructedPicture {
  /** Media time at which the picture is to be shown. */
  readonly pts: Micros;
  /** uint8 [height, width, 3], RGB; read only, for a still stretch shared with the picture before. */
  readonly rgb: Uint8Array;
  readonly isKeyframe: boolean;
  /** The field that led here from the picture before; absent at a keyframe and in a still stretch. */
  readonly motion?: MotionField | undefined;
}

/** One decoded motion field: float32 [rows, columns] each, forward displacement as a fraction of width and height. */
export interface MotionField {
  readonly dx: Float32Array;
  readonly dy: Float32Array;
}

/** The clip that pictures are being made of. */
interface OpenClip {
  readonly clip: number;
  readonly pts: number;
  /** The chunk that continues the chain of fields. */
  chunk: number;
  /** Fields applied since the keyframe. */
  fields: number;
  /** Ids of the chunk before; undefined where there is none or it was still. */
  previousIds: readonly number[] | undefined;
  rgb: Uint8Array;
}

/**
 * Turns a stream's messages into pictures; one instance serves one subscription. A keyframe shows at its `pts`, the
 * k-th field of its clip at k / (fields a second) after it. What is missing makes no picture, so that a
 * viewer holds the last one, up to the next keyframe. What is degraded is shown: browsers send a clean keyframe once in
 * minutes, and a flawed picture tells more than a frozen one.
 */
export class Reconstructor {
  readonly #detokenizer: Detokenizer;
  readonly #geometry: Geometry;
  readonly #compensation: MotionCompensation;
  #epoch: string | undefined;
  // That of the newest start.
  #grid: Grid | undefined;
  #open: OpenClip | undefined;

  private constructor(detokenizer: Detokenizer) {
    this.#detokenizer = detokenizer;
    this.#geometry = detokenizer.geometry;
    this.#compensation = new MotionCompensation(detokenizer.geometry);
  }

  /** Borrows the detokenizer, which may serve several reconstructors at once. */
  static create({ detokenizer }: { detokenizer: Detokenizer }): Reconstructor {
    return new Reconstructor(detokenizer);
  }

  /**
   * Takes the next message and gives the pictures that it completes, in media order. Calls must not overlap. Rejects
   * with what the detokenizer rejects with, or where a `start` needs a detokenizer of another geometry.
   */
  async push(message: Message): Promise<readonly ReconstructedPicture[]> {
    switch (message.type) {
      case 'start':
        if (!fits(this.#geometry, message.layout, message.motionFps))
          throw new Error(`the detokenizer's geometry is not that of pack ${message.pack.name}`);
        if (message.epoch !== this.#epoch) this.#open = undefined;
        this.#epoch = message.epoch;
        this.#grid = message.layout.visual;
        return [];
      case 'visual':
        return this.#pushVisual(message);
      case 'motion':
        return this.#pushMotion(message);
      case 'gap':
      case 'end':
      case 'skip':
        this.#open = undefined;
        return [];
      case 'goaway':
        return [];
    }
  }

  async #pushVisual(message: VisualMessage): Promise<readonly ReconstructedPicture[]> {
    this.#open = undefined;
    const { ids, positions } = message;
    this.#compensation.begin(await this.#detokenizer.decodeKeyframe(ids, { positions, grid: this.#grid }));
    const rgb = this.#compensation.render();
    this.#epoch = message.epoch;
    this.#open = { clip: message.clip, pts: message.pts, chunk: 0, fields: 0, previousIds: undefined, rgb };
    return [{ pts: micros(message.pts), rgb, isKeyframe: true }];
  }

  async #pushMotion(message: MotionMessage): Promise<readonly ReconstructedPicture[]> {
    const open = this.#open;
    if (message.epoch !== this.#epoch || open?.clip !== message.clip || open.chunk !== message.chunk) {
      this.#open = undefined;
      return [];
    }
    const ids = message.ids.length > 0 ? message.ids : undefined;
    const { previousIds } = open;
    const motion = ids && (await this.#detokenizer.decodeMotion(ids, { previousIds }));
    open.chunk += 1;
    open.previousIds = ids;
    const pictures: ReconstructedPicture[] = [];
    for (let field = 0; field < message.fields; field += 1) {
      const step = motion && this.#fieldOf(motion, field);
      if (step && this.#compensation.advance(step.dx, step.dy)) open.rgb = this.#compensation.render();
      open.fields += 1;
      const pts = open.pts + (open.fields * 1e6) / this.#geometry.motion.fieldsPerSecond;
      const endPts = message.pts + message.duration;
      pictures.push({ pts: micros(Math.min(pts, endPts)), rgb: open.rgb, isKeyframe: false, motion: step });
    }
    return pictures;
  }

  #fieldOf(motion: Float32Array, field: number): MotionField {
    const { columns, rows, fieldsPerChunk } = this.#geometry.motion;
    const cells = columns * rows;
    return {
      dx: motion.subarray(field * cells, (field + 1) * cells),
      dy: motion.subarray((fieldsPerChunk + field) * cells, (fieldsPerChunk + field + 1) * cells),
    };
  }
}
