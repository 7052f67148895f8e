/** The two families of tokens, told apart by their colours. */
export type TokenFamily = 'visual' | 'motion';

/** How one id looks: a colour, a shade of it behind, and one of the sixteen glyphs. */
export interface TokenLook {
  readonly ink: string;
  readonly ground: string;
  /** 0 to 15: which glyph, turn included. */
  readonly glyph: number;
}

const HUES = 48;
const SHADES = 3;

const visualInk = paletteOf(
  (hue, shade) => `oklch(${0.56 + shade * 0.13} ${0.15 - shade * 0.015} ${hue * 360})`,
);
const visualGround = paletteOf(
  (hue, shade) => `oklch(${0.2 + shade * 0.07} ${0.05 + shade * 0.02} ${hue * 360})`,
);
const motionInk = paletteOf((hue, shade) => `oklch(${0.58 + shade * 0.13} 0.1 ${165 + hue * 85})`);
const motionGround = paletteOf((hue, shade) => `oklch(${0.2 + shade * 0.05} 0.04 ${165 + hue * 85})`);

function paletteOf(colour: (hue: number, shade: number) => string): readonly string[] {
  return Array.from({ length: HUES * SHADES }, (_, index) =>
    colour(Math.floor(index / SHADES) / HUES, index % SHADES),
  );
}

/** Spreads neighbouring ids over the whole range of 32 bits (the finalizer of MurmurHash3). */
function scatter(id: number): number {
  let hash = (id + 1) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The look of an id: the same for ever, so that what stays the same in the picture stays the same in the mosaic. */
export function lookOf(id: number, family: TokenFamily): TokenLook {
  const hash = scatter(id);
  const index = hash % (HUES * SHADES);
  const inks = family === 'visual' ? visualInk : motionInk;
  const grounds = family === 'visual' ? visualGround : motionGround;
  return { ink: inks[index] ?? '#888', ground: grounds[index] ?? '#222', glyph: (hash >>> 20) & 15 };
}
