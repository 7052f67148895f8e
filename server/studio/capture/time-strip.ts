/**
 * A number in black and white at the foot of a picture, coarse enough to live through a tokenizer: 16 columns of two rows of
 * a 16x16 grid of tokens. Each bit is a pair of cells, black and white or white and black, so that the reader needs no
 * threshold and knows a blurred strip; the last bit is the parity of the others.
 */
const COLUMNS = 16;
const BITS = COLUMNS / 2 - 1;
/** Part of the picture's height that the strip takes. */
export const STRIP_HEIGHT = 1 / 8;
/** Numbers that a strip can show. */
export const STRIP_NUMBERS = 2 ** BITS;
/** Least difference of the two cells of a bit, of 255. */
const LEAST_CONTRAST = 48;

/** The cells of a number below `STRIP_NUMBERS`, from the left; whether each is white. */
export function cellsOf(number: number): boolean[] {
  const bits = Array.from({ length: BITS }, (_, bit) => ((number >> bit) & 1) === 1);
  const parity = bits.filter(Boolean).length % 2 === 1;
  return [...bits, parity].flatMap((bit) => [bit, !bit]);
}

/** The number of a strip whose cells have these brightnesses, 0 to 255; `undefined` where it cannot be told. */
export function numberOf(brightnesses: readonly number[]): number | undefined {
  let number = 0;
  let ones = 0;
  for (let bit = 0; bit <= BITS; bit++) {
    const difference = (brightnesses[2 * bit] ?? 0) - (brightnesses[2 * bit + 1] ?? 0);
    if (Math.abs(difference) < LEAST_CONTRAST) return undefined;
    if (difference < 0) continue;
    ones++;
    if (bit < BITS) number |= 1 << bit;
  }
  return ones % 2 === 0 ? number : undefined;
}

/** Paints a number over the foot of a picture. */
export function paintStrip(context: CanvasRenderingContext2D, number: number): void {
  const { width, height } = context.canvas;
  const top = Math.round(height * (1 - STRIP_HEIGHT));
  for (const [column, isWhite] of cellsOf(number).entries()) {
    const left = Math.round((column * width) / COLUMNS);
    context.fillStyle = isWhite ? '#fff' : '#000';
    context.fillRect(left, top, Math.round(((column + 1) * width) / COLUMNS) - left, height - top);
  }
}

const CELL_PX = 8;
const EDGE_PX = 2;

/** Reads the number at the foot of a picture from the middles of its cells. */
export class StripReader {
  readonly #context = new OffscreenCanvas(COLUMNS * CELL_PX, CELL_PX).getContext('2d', {
    willReadFrequently: true,
  });

  read(source: HTMLVideoElement): number | undefined {
    const { videoWidth, videoHeight } = source;
    const context = this.#context;
    if (context === null || videoWidth === 0) return undefined;
    const top = videoHeight * (1 - STRIP_HEIGHT);
    const { width, height } = context.canvas;
    context.drawImage(source, 0, top, videoWidth, videoHeight - top, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    const brightness = (column: number): number => {
      let sum = 0;
      for (let y = EDGE_PX; y < CELL_PX - EDGE_PX; y++)
        for (let x = EDGE_PX; x < CELL_PX - EDGE_PX; x++)
          // Green carries most of the brightness, and the strip has no colour.
          sum += data[4 * (y * width + column * CELL_PX + x) + 1] ?? 0;
      return sum / (CELL_PX - 2 * EDGE_PX) ** 2;
    };
    return numberOf(Array.from({ length: COLUMNS }, (_, column) => brightness(column)));
  }
}
