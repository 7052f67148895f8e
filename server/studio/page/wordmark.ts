import { lookOf } from '../tape/token-colour.ts';
import { THEME } from './theme.ts';

/** The name in five rows of cells, as a token grid would hold it. */
const ROWS = [
  '#..#.#.#..#..##...###.#...#.#.###..#..#',
  '#.#..#.##.#.#..#.#....#...#.#.#..#.#..#',
  '##...#.#.##.#..#.#.##.#....#..###..####',
  '#.#..#.#..#.#..#.#..#.#....#..#....#..#',
  '#..#.#.#..#..##...###.###..#..#....#..#',
];
const LIT_PER_MESSAGE = 3;
/** Cells that are lit at once; the others stay the colour of paper, so that the name can be read. */
const MAX_LIT = 24;

/** The name of the page as a mosaic whose cells take the colours of the tokens that come. */
export class Wordmark {
  readonly #canvas: HTMLCanvasElement;
  readonly #cells: { readonly column: number; readonly row: number; colour: string }[] = [];
  #lit: { colour: string }[] = [];
  #next = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    for (const [row, line] of ROWS.entries()) {
      for (const [column, mark] of [...line].entries())
        if (mark === '#') this.#cells.push({ column, row, colour: THEME.paper });
    }
    this.#draw();
  }

  /** Lends some cells the colours of a message's ids. */
  light(ids: readonly number[]): void {
    for (let count = 0; count < LIT_PER_MESSAGE && ids.length > 0; count++) {
      const cell = this.#cells[(this.#next * 37) % this.#cells.length];
      const id = ids[(this.#next * 11) % ids.length];
      this.#next++;
      if (cell === undefined || id === undefined) continue;
      cell.colour = lookOf(id, 'visual').ink;
      this.#lit.push(cell);
    }
    for (const cell of this.#lit.splice(0, this.#lit.length - MAX_LIT)) cell.colour = THEME.paper;
    this.#draw();
  }

  #draw(): void {
    const unit = 8;
    const columns = ROWS[0]?.length ?? 0;
    this.#canvas.width = columns * unit;
    this.#canvas.height = ROWS.length * unit;
    const context = this.#canvas.getContext('2d');
    if (context === null) return;
    for (const { column, row, colour } of this.#cells) {
      context.fillStyle = colour;
      context.fillRect(column * unit, row * unit, unit - 1, unit - 1);
    }
  }
}
