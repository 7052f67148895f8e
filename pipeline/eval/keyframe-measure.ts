import type { Geometry } from '../../client-sdk/reconstruct/detokenizer.ts';
import type { Figures } from './figures.ts';
import { Mean } from './mean.ts';
import { psnrDb } from './psnr.ts';
import { throughThumbnail } from './thumbnail.ts';

/**
 * A codec of single pictures to compare with: what is left of RGB uint8 [height, width, 3] in at most `maxBytes`;
 * undefined where so few bytes hold nothing.
 */
export type StillCodec = (
  rgb: Uint8Array,
  options: { readonly widthPx: number; readonly heightPx: number; readonly maxBytes: number },
) => Promise<{ readonly rgb: Uint8Array; readonly bytes: number } | undefined>;

/** The quality of rebuilt keyframes beside that of two yardsticks. */
export class KeyframeMeasure {
  readonly #visual: Geometry['visual'];
  readonly #maxBytes: number;
  readonly #stillCodec: StillCodec | undefined;
  readonly #rebuilt = new Mean();
  readonly #thumbnail = new Mean();
  readonly #av1 = new Mean();
  readonly #av1Bytes = new Mean();

  /** `idBits`: what one id takes. */
  constructor(
    visual: Geometry['visual'],
    { idBits, stillCodec }: { idBits: number; stillCodec?: StillCodec | undefined },
  ) {
    this.#visual = visual;
    this.#maxBytes = Math.ceil((visual.columns * visual.rows * idBits) / 8);
    this.#stillCodec = stillCodec;
  }

  /** Compares a rebuilt keyframe with its original: RGB uint8 [height, width, 3] both. */
  async add(rebuilt: Uint8Array, original: Uint8Array): Promise<void> {
    const { width, height, columns, rows } = this.#visual;
    this.#rebuilt.add(psnrDb(rebuilt, original));
    const thumbnail = throughThumbnail(original, { columns: width, rows: height }, { columns, rows });
    this.#thumbnail.add(psnrDb(thumbnail, original));
    const coded = await this.#stillCodec?.(original, {
      widthPx: width,
      heightPx: height,
      maxBytes: this.#maxBytes,
    });
    if (!coded) return;
    this.#av1.add(psnrDb(coded.rgb, original));
    this.#av1Bytes.add(coded.bytes);
  }

  figures(): Pick<Figures, 'keyframeDb' | 'thumbnailDb' | 'av1Db' | 'av1Bytes'> {
    return {
      keyframeDb: this.#rebuilt.value,
      thumbnailDb: this.#thumbnail.value,
      av1Db: this.#av1.value,
      av1Bytes: this.#av1Bytes.value,
    };
  }
}
