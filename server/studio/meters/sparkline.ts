import { THEME } from '../page/theme.ts';

const CAPACITY = 80;
const PAD_PX = 2;

/** A small line of a figure's recent values, its end marked. */
export class Sparkline {
  readonly #canvas: HTMLCanvasElement;
  readonly #colour: string;
  #values: number[] = [];

  constructor(canvas: HTMLCanvasElement, options: { colour: string }) {
    this.#canvas = canvas;
    this.#colour = options.colour;
  }

  /** Adds the newest value and draws; `undefined` leaves the line as it is. */
  add(value: number | undefined): void {
    if (value === undefined) return;
    this.#values.push(value);
    if (this.#values.length > CAPACITY) this.#values.shift();
    this.#draw();
  }

  /** Forgets all values. */
  clear(): void {
    this.#values = [];
    this.#draw();
  }

  #draw(): void {
    const canvas = this.#canvas;
    const scale = Math.min(2, window.devicePixelRatio || 1);
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const context = canvas.getContext('2d');
    if (context === null || this.#values.length < 2) return;
    context.scale(scale, scale);
    const top = Math.max(...this.#values, 1e-9) * 1.1;
    const xOf = (index: number) =>
      PAD_PX + ((width - 3 * PAD_PX) * (index + CAPACITY - this.#values.length)) / (CAPACITY - 1);
    const yOf = (value: number) => height - PAD_PX - ((height - 2 * PAD_PX) * value) / top;
    context.beginPath();
    for (const [index, value] of this.#values.entries()) context.lineTo(xOf(index), yOf(value));
    context.strokeStyle = this.#colour;
    context.lineWidth = 1.5;
    context.lineJoin = 'round';
    context.stroke();
    this.#fillBelow(context, { leftPx: xOf(0), rightPx: xOf(this.#values.length - 1), height });
    const last = this.#values.length - 1;
    context.fillStyle = THEME.paper;
    context.beginPath();
    context.arc(xOf(last), yOf(this.#values[last] ?? 0), 2, 0, 2 * Math.PI);
    context.fill();
  }

  #fillBelow(
    context: CanvasRenderingContext2D,
    area: { leftPx: number; rightPx: number; height: number },
  ): void {
    context.lineTo(area.rightPx, area.height);
    context.lineTo(area.leftPx, area.height);
    context.closePath();
    context.globalAlpha = 0.12;
    context.fillStyle = this.#colour;
    context.fill();
    context.globalAlpha = 1;
  }
}
