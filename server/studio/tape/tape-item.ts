import type { GapReason, JournalMessage, TokenLayout } from '../../../client-sdk/protocol/messages.ts';
import { cellsOf } from '../../../client-sdk/protocol/positions.ts';
import type { Mosaic } from './glyph-painter.ts';

/** One thing on the tape. `number` counts the items of a session. */
export type TapeItem =
  | {
      readonly type: 'visual';
      readonly number: number;
      readonly seq: number;
      readonly ptsUs: number;
      readonly clip: number;
      readonly shot: number;
      readonly isNewShot: boolean;
      readonly isSynthetic: boolean;
      readonly isDegraded: boolean;
      readonly ids: readonly number[];
      readonly mosaic: Mosaic;
    }
  | {
      readonly type: 'motion';
      readonly number: number;
      readonly seq: number;
      readonly ptsUs: number;
      readonly durationUs: number;
      readonly clip: number;
      readonly chunk: number;
      readonly fields: number;
      readonly isStill: boolean;
      readonly isDegraded: boolean;
      readonly ids: readonly number[];
      readonly mosaic: Mosaic;
    }
  | {
      readonly type: 'gap';
      readonly number: number;
      readonly seq: number;
      readonly ptsUs: number;
      readonly durationUs: number;
      readonly reason: GapReason;
      readonly dropped: number;
    }
  | { readonly type: 'splice'; readonly number: number; readonly label: string };

/** Turns the messages of a stream into what the tape shows of them, in their order. */
export class TapeScribe {
  #layout: TokenLayout | undefined;
  #shot: number | undefined;
  #epoch: string | undefined;
  #number = 0;

  /** The item of a message; `undefined` where the tape shows none. */
  write(message: JournalMessage): TapeItem | undefined {
    switch (message.type) {
      case 'start':
        return this.#start(message);
      case 'visual': {
        const isNewShot = this.#shot !== undefined && this.#shot !== message.shot;
        this.#shot = message.shot;
        return {
          type: 'visual',
          number: this.#number++,
          seq: message.seq,
          ptsUs: message.pts,
          clip: message.clip,
          shot: message.shot,
          isNewShot,
          isSynthetic: message.keyframe === 'synthetic',
          isDegraded: message.degraded === true,
          ids: message.ids,
          mosaic: this.#visualMosaic(message.ids, message.positions),
        };
      }
      case 'motion':
        return {
          type: 'motion',
          number: this.#number++,
          seq: message.seq,
          ptsUs: message.pts,
          durationUs: message.duration,
          clip: message.clip,
          chunk: message.chunk,
          fields: message.fields,
          isStill: message.ids.length === 0,
          isDegraded: message.degraded === true,
          ids: message.ids,
          mosaic: this.#motionMosaic(message.ids),
        };
      case 'gap':
        return {
          type: 'gap',
          number: this.#number++,
          seq: message.seq,
          ptsUs: message.from,
          durationUs: message.to - message.from,
          reason: message.reason,
          dropped: message.dropped,
        };
      case 'end':
        return { type: 'splice', number: this.#number++, label: `end · ${message.reason}` };
    }
  }

  #start(message: Extract<JournalMessage, { type: 'start' }>): TapeItem | undefined {
    this.#layout = message.layout;
    if (message.epoch !== this.#epoch) this.#shot = undefined;
    const isNew = message.epoch !== this.#epoch || message.replay !== true;
    this.#epoch = message.epoch;
    const label = `${message.codec} · ${message.width}×${message.height}`;
    return isNew ? { type: 'splice', number: this.#number++, label } : undefined;
  }

  #visualMosaic(ids: readonly number[], positions: string | undefined): Mosaic {
    const { columns, rows } = this.#layout?.visual ?? gridOf(ids.length, 1);
    if (positions === undefined) return { family: 'visual', columns, rows, ids };
    const idOf = new Map(cellsOf(positions).map((cell, at) => [cell, ids[at]]));
    const placed = Array.from({ length: columns * rows }, (_, cell) => idOf.get(cell));
    return { family: 'visual', columns, rows, ids: placed };
  }

  #motionMosaic(ids: readonly number[]): Mosaic {
    const motion = this.#layout?.motion;
    const count = motion?.tokensPerChunk ?? ids.length;
    return { family: 'motion', ...gridOf(count, motion ? motion.columns / motion.rows : 1.8), ids };
  }
}

/** The grid of `count` cells whose shape is nearest to an aspect (columns over rows). */
export function gridOf(count: number, aspect: number): { columns: number; rows: number } {
  let best = { columns: Math.max(1, count), rows: 1 };
  const distance = (grid: { columns: number; rows: number }) =>
    Math.abs(Math.log(grid.columns / grid.rows / aspect));
  for (let rows = 2; rows <= count; rows++) {
    const grid = { columns: count / rows, rows };
    if (count % rows === 0 && distance(grid) < distance(best)) best = grid;
  }
  return best;
}
