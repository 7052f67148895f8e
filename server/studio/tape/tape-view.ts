import type { JournalMessage } from '../../../client-sdk/protocol/messages.ts';
import { type TapeItem, TapeScribe } from './tape-item.ts';
import { TapeLayout } from './tape-layout.ts';
import { filmOf, paintEmpty, paintFilm, TapePainter, timeText } from './tape-painter.ts';

/** Where the tape is drawn, and where the words about the selected item go. */
export interface TapeElements {
  readonly canvas: HTMLCanvasElement;
  readonly details: HTMLElement;
}

const RIGHT_MARGIN_PX = 18;
const LISTED_IDS = 24;

/** The scrolling tape of tokens. Arrow keys, or a click, pick an item; Escape lets it go. */
export class TapeView {
  readonly #canvas: HTMLCanvasElement;
  readonly #details: HTMLElement;
  readonly #painter = new TapePainter();
  readonly #layout = new TapeLayout();
  #scribe = new TapeScribe();
  #selected: number | undefined;
  #leftPx = 0;
  #size = { widthPx: 0, heightPx: 0, scale: 1 };
  #needsPaint = true;
  #latestVisual: Extract<TapeItem, { type: 'visual' }> | undefined;

  constructor({ canvas, details }: TapeElements) {
    this.#canvas = canvas;
    this.#details = details;
    new ResizeObserver(() => this.#resize()).observe(canvas);
    canvas.addEventListener('click', (event) => this.#pickAt(event.offsetX));
    canvas.addEventListener('keydown', (event) => this.#onKey(event));
  }

  /** The newest keyframe's tokens. */
  get latestVisual(): Extract<TapeItem, { type: 'visual' }> | undefined {
    return this.#latestVisual;
  }

  /** Appends what a message brings. */
  add(message: JournalMessage): void {
    const item = this.#scribe.write(message);
    if (item === undefined) return;
    if (item.type === 'visual') this.#latestVisual = item;
    this.#layout.add(item);
    this.#needsPaint = true;
  }

  /** Begins a new tape. */
  clear(): void {
    this.#scribe = new TapeScribe();
    this.#layout.clear();
    this.#latestVisual = undefined;
    this.#select(undefined);
    this.#needsPaint = true;
  }

  /** Draws, if anything moved. */
  draw(nowMs: number, options: { isStill: boolean }): void {
    const { widthPx, heightPx, scale } = this.#size;
    const context = this.#canvas.getContext('2d', { alpha: false });
    if (context === null || widthPx === 0) return;
    const film = filmOf(widthPx, heightPx);
    const leftPx = widthPx - RIGHT_MARGIN_PX - this.#layout.run(nowMs, options) * film.frameHeightPx;
    if (Math.abs(leftPx - this.#leftPx) < 0.25 && !this.#needsPaint) return;
    this.#leftPx = leftPx;
    this.#needsPaint = false;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    paintFilm(context, film, -leftPx);
    if (this.#layout.items.length === 0) paintEmpty(context, film);
    this.#painter.paint(context, this.#layout.items, { film, leftPx, scale, selected: this.#selected });
  }

  #resize(): void {
    const scale = Math.min(2, window.devicePixelRatio || 1);
    const widthPx = this.#canvas.clientWidth;
    const heightPx = this.#canvas.clientHeight;
    this.#size = { widthPx, heightPx, scale };
    this.#canvas.width = Math.round(widthPx * scale);
    this.#canvas.height = Math.round(heightPx * scale);
    this.#painter.reset();
    this.#needsPaint = true;
  }

  #pickAt(xPx: number): void {
    const { frameHeightPx } = filmOf(this.#size.widthPx, this.#size.heightPx);
    const at = (xPx - this.#leftPx) / frameHeightPx;
    this.#select(this.#layout.items.find(({ x, width }) => at >= x && at <= x + width)?.item);
  }

  #onKey(event: KeyboardEvent): void {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === 'Escape') this.#select(undefined);
    if (step === undefined) return;
    event.preventDefault();
    const items = this.#layout.items;
    const present = items.findIndex(({ item }) => item.number === this.#selected);
    const next = present < 0 ? items.length - 1 : Math.max(0, Math.min(items.length - 1, present + step));
    this.#select(items[next]?.item);
  }

  #select(item: TapeItem | undefined): void {
    this.#selected = item?.number;
    this.#details.textContent = item === undefined ? '' : describe(item);
    this.#needsPaint = true;
  }
}

/** An item in words. */
function describe(item: TapeItem): string {
  switch (item.type) {
    case 'visual':
      return [
        `keyframe of clip ${item.clip}, shot ${item.shot}`,
        item.isSynthetic ? 'synthetic' : 'coded',
        `at ${timeText(item.ptsUs)}`,
        `seq ${item.seq}`,
        idsText(item.ids),
      ].join(' · ');
    case 'motion':
      return [
        `motion chunk ${item.chunk} of clip ${item.clip}`,
        `at ${timeText(item.ptsUs)}`,
        `${item.fields} fields`,
        `seq ${item.seq}`,
        item.isStill ? 'still: no ids' : idsText(item.ids),
      ].join(' · ');
    case 'gap':
      return `gap: ${item.reason} · from ${timeText(item.ptsUs)} for ${(item.durationUs / 1e6).toFixed(2)} s · ${item.dropped} pictures without tokens`;
    case 'splice':
      return item.label;
  }
}

function idsText(ids: readonly number[]): string {
  const more = ids.length > LISTED_IDS ? ' …' : '';
  return `${ids.length} ids: ${ids.slice(0, LISTED_IDS).join(' ')}${more}`;
}
