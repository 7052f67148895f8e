import { lookOf, type TokenFamily } from './token-colour.ts';

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Where a mosaic goes, px of the canvas. */
export interface MosaicPlace {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A grid of ids; `undefined` marks a cell that no token stands for. */
export interface Mosaic {
  readonly family: TokenFamily;
  readonly columns: number;
  readonly rows: number;
  readonly ids: readonly (number | undefined)[];
}

const EMPTY_CELL = '#1b1920';
/** Cells smaller than this are plain squares: a glyph could not be told from its neighbour. */
const MIN_GLYPH_PX = 9;

/** Draws a mosaic: one tile an id, in its colour, with its glyph where there is room for one. */
export function paintMosaic(context: Context, mosaic: Mosaic, place: MosaicPlace): void {
  const stepX = place.width / mosaic.columns;
  const stepY = place.height / mosaic.rows;
  const seam = Math.max(0.5, Math.min(stepX, stepY) * 0.06);
  for (let row = 0; row < mosaic.rows; row++) {
    for (let column = 0; column < mosaic.columns; column++) {
      const cell = {
        x: place.x + column * stepX + seam / 2,
        y: place.y + row * stepY + seam / 2,
        width: stepX - seam,
        height: stepY - seam,
      };
      paintCell(context, mosaic.ids[row * mosaic.columns + column], mosaic.family, cell);
    }
  }
}

function paintCell(context: Context, id: number | undefined, family: TokenFamily, cell: MosaicPlace): void {
  if (id === undefined) {
    context.fillStyle = EMPTY_CELL;
    context.fillRect(cell.x, cell.y, cell.width, cell.height);
    return;
  }
  const look = lookOf(id, family);
  const isPlain = Math.min(cell.width, cell.height) < MIN_GLYPH_PX;
  context.fillStyle = isPlain ? look.ink : look.ground;
  context.fillRect(cell.x, cell.y, cell.width, cell.height);
  if (isPlain) return;
  context.fillStyle = look.ink;
  context.beginPath();
  traceGlyph(context, look.glyph, cell);
  context.fill();
}

type Trace = (context: Context, width: number, height: number) => void;

/** Four shapes in four turns each; drawn in a cell whose centre is the origin. */
const SHAPES: readonly Trace[] = [
  (context, width, height) => {
    context.moveTo(-width / 2, -height / 2);
    context.lineTo(width / 2, -height / 2);
    context.lineTo(-width / 2, height / 2);
  },
  (context, width, height) => {
    context.moveTo(-width / 2, -height / 2);
    context.ellipse(-width / 2, -height / 2, width * 0.98, height * 0.98, 0, 0, Math.PI / 2);
  },
  (context, width, height) => context.rect(-width / 2, -height / 2, width, height / 2),
  (context, width, height) => {
    context.ellipse(0, -height / 2, width / 2, height / 2, 0, 0, Math.PI);
    context.rect(-width * 0.12, height * 0.2, width * 0.24, height * 0.24);
  },
];

function traceGlyph(context: Context, glyph: number, cell: MosaicPlace): void {
  const isTurned = (glyph & 1) === 1;
  context.save();
  context.translate(cell.x + cell.width / 2, cell.y + cell.height / 2);
  context.rotate(((glyph & 3) * Math.PI) / 2);
  const [width, height] = isTurned ? [cell.height, cell.width] : [cell.width, cell.height];
  SHAPES[glyph >> 2]?.(context, width, height);
  context.restore();
}
