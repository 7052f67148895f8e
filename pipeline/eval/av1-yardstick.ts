import { type Av1Picture, throughAv1Intra } from '../codec/av1-intra.ts';
import type { StillCodec } from './keyframe-measure.ts';
import { psnrDb } from './psnr.ts';

/** Sides at which a picture is coded, as shares of its own: at few bytes a smaller picture is the better one. */
const SHARES = [1, 0.75, 0.5, 0.375, 0.25] as const;

/** AV1 at the size that serves the picture best within the bytes; see `throughAv1Intra`. Takes one to three seconds. */
export const av1Yardstick: StillCodec = async (rgb, { maxBytes, ...size }) => {
  let best: { picture: Av1Picture; db: number } | undefined;
  for (const share of SHARES) {
    const codedSize = { widthPx: even(size.widthPx * share), heightPx: even(size.heightPx * share) };
    const picture = await throughAv1Intra(rgb, { size, codedSize, maxBytes });
    if (!picture) continue;
    const db = psnrDb(picture.rgb, rgb);
    // Smaller still would only be worse.
    if (best && db <= best.db) break;
    best = { picture, db };
  }
  return best?.picture;
};

const even = (px: number): number => 2 * Math.round(px / 2);
