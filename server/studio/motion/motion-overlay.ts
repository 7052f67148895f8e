import { MOTION_STEP, type PreviewMotion } from '../../../client-sdk/index.ts';

export const OVERLAY_MODES = ['off', 'arrows', 'colour'] as const;
/** How the motion field lies over the picture. */
export type OverlayMode = (typeof OVERLAY_MODES)[number];

/** Displacements below this fraction of the picture are noise of the quantizer. */
const LEAST = 0.0011;
/** Fraction of the picture at which an arrow and a colour are at their strongest. */
const STRONGEST = 0.05;
/** Arrows are drawn longer than the motion of one step, which is a few pixels only. */
const EXAGGERATION = 5;

/** Draws a motion field over a picture; `undefined` or `off` clears it. */
export function paintMotion(
  canvas: HTMLCanvasElement,
  field: PreviewMotion | undefined,
  mode: OverlayMode,
): void {
  const scale = Math.min(2, window.devicePixelRatio || 1);
  const width = Math.round(canvas.clientWidth * scale);
  const height = Math.round(canvas.clientHeight * scale);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.clearRect(0, 0, width, height);
  if (field === undefined || mode === 'off') return;
  if (mode === 'arrows') paintArrows(context, field);
  else paintColours(context, field);
}

interface CellMotion {
  readonly column: number;
  readonly row: number;
  /** Fractions of the picture's width and height. */
  readonly dx: number;
  readonly dy: number;
  /** 0 to 1. */
  readonly strength: number;
  /** Degrees, 0 to the right, clockwise on the screen. */
  readonly angle: number;
}

function* movingCells(field: PreviewMotion): Generator<CellMotion> {
  for (let row = 0; row < field.rows; row++) {
    for (let column = 0; column < field.columns; column++) {
      const at = 2 * (row * field.columns + column);
      const dx = (field.steps[at] ?? 0) * MOTION_STEP;
      const dy = (field.steps[at + 1] ?? 0) * MOTION_STEP;
      const length = Math.hypot(dx, dy);
      if (length < LEAST) continue;
      const strength = Math.min(1, length / STRONGEST);
      const angle = (Math.atan2(dy, dx) * 180) / Math.PI + 180;
      yield { column, row, dx, dy, strength, angle };
    }
  }
}

function paintArrows(context: CanvasRenderingContext2D, field: PreviewMotion): void {
  const { width, height } = context.canvas;
  const cellPx = width / field.columns;
  context.lineCap = 'round';
  for (const { column, row, dx, dy, strength, angle } of movingCells(field)) {
    const x = ((column + 0.5) * width) / field.columns;
    const y = ((row + 0.5) * height) / field.rows;
    const tipX = x + dx * width * EXAGGERATION;
    const tipY = y + dy * height * EXAGGERATION;
    context.strokeStyle = `oklch(0.85 0.16 ${angle})`;
    context.fillStyle = context.strokeStyle;
    context.lineWidth = Math.max(1, cellPx * (0.09 + 0.1 * strength));
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(tipX, tipY);
    context.stroke();
    context.beginPath();
    context.arc(tipX, tipY, context.lineWidth * 1.25, 0, 2 * Math.PI);
    context.fill();
  }
}

function paintColours(context: CanvasRenderingContext2D, field: PreviewMotion): void {
  const small = new OffscreenCanvas(field.columns, field.rows);
  const cells = small.getContext('2d');
  if (cells === null) return;
  for (const { column, row, strength, angle } of movingCells(field)) {
    cells.fillStyle = `oklch(0.75 0.2 ${angle} / ${0.15 + 0.65 * strength})`;
    cells.fillRect(column, row, 1, 1);
  }
  context.imageSmoothingEnabled = true;
  context.drawImage(small, 0, 0, context.canvas.width, context.canvas.height);
}
