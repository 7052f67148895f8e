import type { NamedClip } from './summary.ts';

/** Between pictures, and around them, px. */
const MARGIN_PX = 4;
const GROUND = 255;

/** The pictures of a clip from top to bottom. */
const ROWS: readonly ((clip: NamedClip) => Uint8Array | undefined)[] = [
  ({ keyframe }) => keyframe.original,
  ({ keyframe }) => keyframe.rebuilt,
  ({ end }) => end?.original,
  ({ end }) => end?.rebuilt,
];

/** A sheet of pictures, uint8 [height, width, 3], RGB. */
export interface Sheet {
  readonly rgb: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
}

/**
 * Clips side by side, each a column: its original keyframe, the rebuilt one, its original last picture and the one
 * rebuilt from tokens; white where a clip has none. In bands of at most `clipsPerBand` clips, one below the other;
 * pictures are all of one size, px.
 */
export function contactSheet(
  clips: readonly NamedClip[],
  { width, height, clipsPerBand }: { width: number; height: number; clipsPerBand: number },
): Sheet {
  const columnCount = Math.min(clips.length, clipsPerBand);
  const rowCount = ROWS.length * Math.ceil(clips.length / clipsPerBand);
  const widthPx = MARGIN_PX + columnCount * (width + MARGIN_PX);
  const heightPx = MARGIN_PX + rowCount * (height + MARGIN_PX);
  const rgb = new Uint8Array(widthPx * heightPx * 3).fill(GROUND);
  clips.forEach((clip, at) => {
    ROWS.forEach((pictureOf, row) => {
      const picture = pictureOf(clip);
      if (!picture) return;
      const left = MARGIN_PX + (at % clipsPerBand) * (width + MARGIN_PX);
      const down = ROWS.length * Math.floor(at / clipsPerBand) + row;
      const top = MARGIN_PX + down * (height + MARGIN_PX);
      for (let y = 0; y < height; y++)
        rgb.set(picture.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * widthPx + left) * 3);
    });
  });
  return { rgb, widthPx, heightPx };
}
