import type { Geometry } from '../../client-sdk/reconstruct/detokenizer.ts';
import type { Figures } from './figures.ts';
import { Mean } from './mean.ts';
import { psnrDb } from './psnr.ts';
import { gridOfBytes, throughThumbnail } from './thumbnail.ts';

/**
 * A codec of single pictures to compare with: what is left of RGB uint8 [height, width, 3] in at most `maxBytes`;
 * undefined where so few bytes hold nothing.
 */
export type StillCodec = (
  rgb: Uint8Array,
  options: { readonly widthPx: number; readonly heightPx: number; readonly maxBytes: number },
) => Promise<{ readonly rgb: Uint8Array; readonly bytes: number } | undefined>;

type KeyframeFigures = Pick<
  Figures,
  'keyframeDb' | 'thumbnailDb' | 'overThumbnailDb' | 'equalThumbnailDb' | 'av1Db' | 'overAv1Db' | 'av1Bytes'
>;

/** A keyframe before and after, RGB uint8 [height, width, 3] both, and the bytes of what is sent of it. */
export interface KeyframePair {
  readonly rebuilt: Uint8Array;
  readonly original: Uint8Array;
  readonly sentBytes: number;
}

/** The quality of rebuilt keyframes beside that of three yardsticks. */
export class KeyframeMeasure {
  readonly #visual: Geometry['visual'];
  readonly #stillCodec: StillCodec | undefined;
  readonly #rebuilt = new Mean();
  readonly #thumbnail = new Mean();
  readonly #equalThumbnail = new Mean();
  readonly #av1 = new Mean();
  readonly #overAv1 = new Mean();
  readonly #av1Bytes = new Mean();

  constructor(visual: Geometry['visual'], { stillCodec }: { stillCodec?: StillCodec | undefined } = {}) {
    this.#visual = visual;
    this.#stillCodec = stillCodec;
  }

  /** Compares a rebuilt keyframe with its original; resolves with its PSNR and that of the thumbnail, dB. */
  async add({ rebuilt, original, sentBytes }: KeyframePair): Promise<{ db: number; thumbnailDb: number }> {
    const { width, height, ...grid } = this.#visual;
    const size = { columns: width, rows: height };
    const db = psnrDb(rebuilt, original);
    const thumbnailDb = psnrDb(throughThumbnail(original, size, grid), original);
    const equalGrid = gridOfBytes(sentBytes, grid);
    this.#rebuilt.add(db);
    this.#thumbnail.add(thumbnailDb);
    this.#equalThumbnail.add(psnrDb(throughThumbnail(original, size, equalGrid), original));
    const coded = await this.#stillCodec?.(original, {
      widthPx: width,
      heightPx: height,
      maxBytes: sentBytes,
    });
    if (coded) {
      const av1Db = psnrDb(coded.rgb, original);
      this.#av1.add(av1Db);
      this.#overAv1.add(db - av1Db);
      this.#av1Bytes.add(coded.bytes);
    }
    return { db, thumbnailDb };
  }

  figures(): KeyframeFigures {
    const [keyframeDb, thumbnailDb] = [this.#rebuilt.value, this.#thumbnail.value];
    return {
      keyframeDb,
      thumbnailDb,
      overThumbnailDb: keyframeDb === null || thumbnailDb === null ? null : keyframeDb - thumbnailDb,
      equalThumbnailDb: this.#equalThumbnail.value,
      av1Db: this.#av1.value,
      overAv1Db: this.#overAv1.value,
      av1Bytes: this.#av1Bytes.value,
    };
  }
}
