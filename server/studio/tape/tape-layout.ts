import type { TapeItem } from './tape-item.ts';

/** Widths on the tape as multiples of the height of a frame. */
const WIDTHS = { visual: 1, motion: 1, gap: 0.5, splice: 0.3 } as const;
/** Room between items, and more of it before a clip. */
const SPACE = 0.05;
const CLIP_SPACE = 0.12;
const CAPACITY = 240;
/** Share of the remaining way that the tape runs in a second. */
const EASE_PER_SECOND = 5;

/** An item with its place on the tape, in heights of a frame. */
export interface PlacedItem {
  readonly item: TapeItem;
  readonly x: number;
  readonly width: number;
}

/** Places items one after another and says how far the tape has run. Holds the newest 240 items. */
export class TapeLayout {
  #items: PlacedItem[] = [];
  #end = 0;
  #run = 0;
  #lastMs: number | undefined;

  /** Items that the tape still holds, oldest first. */
  get items(): readonly PlacedItem[] {
    return this.#items;
  }

  /** Adds an item at the end. */
  add(item: TapeItem): void {
    const width = WIDTHS[item.type];
    const x = this.#end + (item.type === 'visual' ? CLIP_SPACE : SPACE);
    this.#items.push({ item, x, width });
    this.#end = x + width;
    if (this.#items.length > CAPACITY) this.#items.shift();
  }

  /** Forgets all items. */
  clear(): void {
    this.#items = [];
    this.#end = 0;
    this.#run = 0;
  }

  /** Position of the tape's right edge; follows the newest item smoothly, or at once with `isStill`. */
  run(nowMs: number, options: { isStill: boolean }): number {
    const seconds = Math.min(0.1, (nowMs - (this.#lastMs ?? nowMs)) / 1000);
    this.#lastMs = nowMs;
    const remaining = this.#end - this.#run;
    this.#run += options.isStill ? remaining : remaining * Math.min(1, seconds * EASE_PER_SECOND);
    return this.#run;
  }
}
