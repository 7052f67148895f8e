import { Sparkline } from '../meters/sparkline.ts';
import { make } from './element.ts';
import type { Figure } from './format.ts';
import { THEME } from './theme.ts';

/** What one tile shows; without a figure it shows a dash. */
export interface TileContent {
  readonly figure: Figure | undefined;
  readonly note: string;
  /** Newest value of the tile's line; `undefined` adds none. */
  readonly sample: number | undefined;
  readonly isAlarm?: boolean;
}

const TILES = {
  tokens: { title: 'Tokens', colour: THEME.lamp },
  bits: { title: 'Bits of tokens', colour: THEME.lamp },
  keyframe: { title: 'Keyframe latency', colour: THEME.lamp },
  motion: { title: 'Motion latency', colour: THEME.motion },
  endToEnd: { title: 'End to end', colour: THEME.paper },
  preview: { title: 'Rebuilt pictures', colour: THEME.paper },
  drops: { title: 'Gaps', colour: THEME.alarm },
  roundTrip: { title: 'Round trip', colour: THEME.paper },
} as const;
/** The tiles of the page. */
export type TileName = keyof typeof TILES;
export type Tiles = Readonly<Record<TileName, TileContent>>;

interface Tile {
  readonly root: HTMLElement;
  readonly value: HTMLElement;
  readonly unit: HTMLElement;
  readonly note: HTMLElement;
  readonly line: Sparkline;
}

/** The row of figures with their lines. */
export class FiguresView {
  readonly #tiles: Readonly<Record<TileName, Tile>>;

  constructor(parent: HTMLElement) {
    const names = Object.keys(TILES) as TileName[];
    const entries = names.map((name) => [name, addTile(parent, TILES[name])] as const);
    this.#tiles = Object.fromEntries(entries) as Record<TileName, Tile>;
  }

  /** Shows the newest figures. */
  update(contents: Tiles): void {
    for (const name of Object.keys(TILES) as TileName[]) {
      const tile = this.#tiles[name];
      const { figure, note, sample, isAlarm } = contents[name];
      tile.value.textContent = figure?.value ?? '–';
      tile.unit.textContent = figure?.unit ?? '';
      tile.note.textContent = note;
      tile.root.dataset.tone = isAlarm === true ? 'alarm' : 'plain';
      tile.line.add(sample);
    }
  }

  /** Begins new lines. */
  clear(): void {
    for (const tile of Object.values(this.#tiles)) tile.line.clear();
  }
}

function addTile(parent: HTMLElement, { title, colour }: { title: string; colour: string }): Tile {
  const root = make('div', { className: 'figure' });
  const figure = make('p', { className: 'figure-value' });
  const value = make('span', { text: '–' });
  const unit = make('small');
  const note = make('p', { className: 'figure-note' });
  const canvas = make('canvas');
  canvas.setAttribute('aria-hidden', 'true');
  figure.append(value, unit);
  root.append(make('h3', { text: title }), figure, note, canvas);
  parent.append(root);
  return { root, value, unit, note, line: new Sparkline(canvas, { colour }) };
}
