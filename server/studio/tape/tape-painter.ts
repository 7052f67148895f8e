import { THEME } from '../page/theme.ts';
import { paintMosaic } from './glyph-painter.ts';
import type { TapeItem } from './tape-item.ts';
import type { PlacedItem } from './tape-layout.ts';

/** Geometry of the film, px of the page. */
export interface Film {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Edge with perforations, above and below the frames. */
  readonly edgePx: number;
  readonly frameTopPx: number;
  readonly frameHeightPx: number;
}

const EDGE_SHARE = 0.16;
const HOLE_EVERY_PX = 24;
const HOLE_PX = { width: 12, height: 8, radius: 2.5 };

/** Divides a canvas into the film's edges and its frames. */
export function filmOf(widthPx: number, heightPx: number): Film {
  const edgePx = Math.round(heightPx * EDGE_SHARE);
  return { widthPx, heightPx, edgePx, frameTopPx: edgePx, frameHeightPx: heightPx - 2 * edgePx };
}

/** The film base with its perforations, moved on by the tape's run. */
export function paintFilm(context: CanvasRenderingContext2D, film: Film, shiftPx: number): void {
  context.fillStyle = THEME.film;
  context.fillRect(0, 0, film.widthPx, film.heightPx);
  context.fillStyle = THEME.night;
  context.beginPath();
  const first = -(((shiftPx % HOLE_EVERY_PX) + HOLE_EVERY_PX) % HOLE_EVERY_PX);
  for (let x = first; x < film.widthPx; x += HOLE_EVERY_PX) {
    for (const y of [(film.edgePx - HOLE_PX.height) / 2, film.heightPx - (film.edgePx + HOLE_PX.height) / 2])
      context.roundRect(x, y, HOLE_PX.width, HOLE_PX.height, HOLE_PX.radius);
  }
  context.fill();
}

/** What the film says before anything is on it. */
export function paintEmpty(context: CanvasRenderingContext2D, film: Film): void {
  context.fillStyle = THEME.faint;
  context.font = THEME.smallFont;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText('the tape of tokens runs here', film.widthPx / 2, film.heightPx / 2);
}

/** Draws items that are visible; keeps each one's drawing for as long as it is. */
export class TapePainter {
  #drawings = new Map<TapeItem, OffscreenCanvas>();

  /** `leftPx` is where position 0 of the tape lies; `selected` is outlined. */
  paint(
    context: CanvasRenderingContext2D,
    placed: readonly PlacedItem[],
    view: { film: Film; leftPx: number; scale: number; selected: number | undefined },
  ): void {
    const { film, leftPx, selected } = view;
    const seen = new Map<TapeItem, OffscreenCanvas>();
    for (const { item, x, width } of placed) {
      const place = {
        x: Math.round(leftPx + x * film.frameHeightPx),
        y: film.frameTopPx,
        width: Math.round(width * film.frameHeightPx),
        height: film.frameHeightPx,
      };
      if (place.x + place.width < -film.frameHeightPx || place.x > film.widthPx) continue;
      const drawing = this.#drawings.get(item) ?? drawingOf(item, place, view.scale);
      seen.set(item, drawing);
      context.drawImage(drawing, place.x, place.y, place.width, place.height);
      paintEdge(context, item, place, film);
      if (item.number === selected) outline(context, place);
    }
    this.#drawings = seen;
  }

  /** Forgets drawings, after a change of size. */
  reset(): void {
    this.#drawings.clear();
  }
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function drawingOf(item: TapeItem, { width, height }: Place, scale: number): OffscreenCanvas {
  const canvas = new OffscreenCanvas(Math.max(1, width * scale), Math.max(1, height * scale));
  const context = canvas.getContext('2d');
  if (context === null) return canvas;
  context.scale(scale, scale);
  if (item.type === 'visual') paintMosaic(context, item.mosaic, { x: 0, y: 0, width, height });
  else if (item.type === 'motion') paintChunk(context, item, { width, height });
  else if (item.type === 'gap') paintGap(context, { width, height });
  else paintSplice(context, { width, height });
  return canvas;
}

type Motion = Extract<TapeItem, { type: 'motion' }>;
interface Size {
  readonly width: number;
  readonly height: number;
}

/** A chunk is a small window in the middle of the frame; ticks below count its fields. */
function paintChunk(context: OffscreenCanvasRenderingContext2D, item: Motion, size: Size): void {
  const { columns, rows } = item.mosaic;
  const height = Math.min(size.height * 0.72, (size.width * rows) / columns);
  const place = { x: 0, y: (size.height - height) / 2, width: size.width, height };
  if (item.isStill) paintStill(context, place);
  else paintMosaic(context, item.mosaic, place);
  const step = size.width / Math.max(8, item.fields);
  context.fillStyle = item.isDegraded ? THEME.alarm : THEME.motion;
  for (let field = 0; field < item.fields; field++)
    context.fillRect(field * step + 1, place.y + height + 4, Math.max(1, step - 3), 2);
}

/** Nothing moved: an empty window with one line through it. */
function paintStill(context: OffscreenCanvasRenderingContext2D, place: Place): void {
  context.strokeStyle = THEME.line;
  context.strokeRect(place.x + 0.5, place.y + 0.5, place.width - 1, place.height - 1);
  context.fillStyle = THEME.faint;
  context.fillRect(place.x + 8, place.y + place.height / 2 - 9, place.width - 16, 1);
  context.font = THEME.smallFont;
  context.textAlign = 'center';
  context.fillText('still', place.x + place.width / 2, place.y + place.height / 2 + 8);
}

function paintGap(context: OffscreenCanvasRenderingContext2D, { width, height }: Size): void {
  context.strokeStyle = THEME.alarm;
  context.lineWidth = 1.5;
  context.beginPath();
  for (let x = -height; x < width; x += 9) {
    context.moveTo(x, height);
    context.lineTo(x + height, 0);
  }
  context.stroke();
}

function paintSplice(context: OffscreenCanvasRenderingContext2D, { width, height }: Size): void {
  context.fillStyle = THEME.lamp;
  context.fillRect(width / 2 - 1, 0, 2, height);
}

/** What is printed on the film's edge: clip, time and shot, as on the edge of a real one. */
function paintEdge(context: CanvasRenderingContext2D, item: TapeItem, place: Place, film: Film): void {
  const text = edgeTextOf(item);
  context.font = THEME.smallFont;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  const draw = (words: string, y: number, colour: string) => {
    if (words === '') return;
    const { width } = context.measureText(words);
    const x = Math.min(place.x, film.widthPx - width - 8);
    context.fillStyle = THEME.film;
    context.fillRect(x - 2, y - 6, width + 6, 12);
    context.fillStyle = colour;
    context.fillText(words, x, y + 0.5);
  };
  draw(text.above, film.edgePx / 2 - 1, text.colour);
  draw(text.below, film.heightPx - film.edgePx / 2 + 1, THEME.faint);
}

function edgeTextOf(item: TapeItem): { above: string; below: string; colour: string } {
  switch (item.type) {
    case 'visual': {
      const shot = item.isNewShot ? ` ▸ SHOT ${item.shot}` : '';
      const colour = item.isDegraded ? THEME.alarm : THEME.lamp;
      const kind = item.isSynthetic ? 'synth' : '';
      return { above: `${item.clip}${shot}`, below: [timeText(item.ptsUs), kind].join(' ').trim(), colour };
    }
    case 'motion':
      return { above: '', below: '', colour: THEME.faint };
    case 'gap':
      return { above: 'GAP', below: item.reason, colour: THEME.alarm };
    case 'splice':
      return { above: item.label, below: '', colour: THEME.lamp };
  }
}

function outline(context: CanvasRenderingContext2D, place: Place): void {
  context.strokeStyle = THEME.paper;
  context.lineWidth = 2;
  context.strokeRect(place.x - 2, place.y - 2, place.width + 4, place.height + 4);
}

/** A media time as minutes, seconds and tenths. */
export function timeText(us: number): string {
  const tenths = Math.floor(us / 100_000);
  const minutes = Math.floor(tenths / 600);
  return `${minutes}:${String(Math.floor(tenths / 10) % 60).padStart(2, '0')}.${tenths % 10}`;
}
