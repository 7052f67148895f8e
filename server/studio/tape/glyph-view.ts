import { type Mosaic, paintMosaic } from './glyph-painter.ts';

const IDLE_GRID = { columns: 32, rows: 18 };
const IDLE_EVERY_MS = 180;
const IDLE_CHANGES = 3;
const IDLE_IDS = 4096;

/** Shows one mosaic as large as its canvas; without one, a pattern that changes slowly. */
export class GlyphView {
  readonly #canvas: HTMLCanvasElement;
  #shown: Mosaic | undefined;
  #idle: Mosaic = {
    family: 'visual',
    ...IDLE_GRID,
    ids: Array.from({ length: IDLE_GRID.columns * IDLE_GRID.rows }, (_, cell) => cell * 7),
  };
  #changedMs = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.#paint()).observe(canvas);
  }

  /** Shows the tokens of a keyframe. */
  show(mosaic: Mosaic): void {
    if (mosaic === this.#shown) return;
    this.#shown = mosaic;
    this.#paint();
  }

  /** Goes back to the pattern. */
  clear(): void {
    this.#shown = undefined;
    this.#paint();
  }

  /** Lets the pattern change, unless `isStill`. */
  tick(nowMs: number, options: { isStill: boolean }): void {
    if (this.#shown !== undefined || options.isStill || nowMs - this.#changedMs < IDLE_EVERY_MS) return;
    this.#changedMs = nowMs;
    const ids = [...this.#idle.ids];
    for (let change = 0; change < IDLE_CHANGES; change++)
      ids[Math.floor(Math.random() * ids.length)] = Math.floor(Math.random() * IDLE_IDS);
    this.#idle = { ...this.#idle, ids };
    this.#paint();
  }

  #paint(): void {
    const canvas = this.#canvas;
    const scale = Math.min(2, window.devicePixelRatio || 1);
    const width = Math.round(canvas.clientWidth * scale);
    const height = Math.round(canvas.clientHeight * scale);
    if (width === 0 || height === 0) return;
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext('2d', { alpha: false });
    if (context === null) return;
    paintMosaic(context, this.#shown ?? this.#idle, { x: 0, y: 0, width, height });
    if (this.#shown === undefined) {
      context.fillStyle = 'rgb(11 10 13 / 0.62)';
      context.fillRect(0, 0, width, height);
    }
  }
}
