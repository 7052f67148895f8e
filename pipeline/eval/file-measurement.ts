import type {
  GapReason,
  JournalMessage,
  MotionMessage,
  StartMessage,
  VisualMessage,
} from '../../client-sdk/protocol/messages.ts';
import type { Detokenizer } from '../../client-sdk/reconstruct/detokenizer.ts';
import { Reconstructor } from '../../client-sdk/reconstruct/reconstructor.ts';
import { assert } from '../errors.ts';
import { layoutOf, type PackManifest } from '../models/pack-manifest.ts';
import type { AccessUnit, Chunk, Keyframe, Picture } from '../types.ts';
import { CapturingDetokenizer } from './capturing-detokenizer.ts';
import { type ClipSample, ClipSamples, WORST_CLIPS } from './clip-samples.ts';
import type { Figures } from './figures.ts';
import { KeyframeMeasure, type StillCodec } from './keyframe-measure.ts';
import type { Measurement } from './measure-file.ts';
import { MotionMeasure } from './motion-measure.ts';
import { RateMeasure } from './rate-measure.ts';
import { visualBits } from './sent-bits.ts';
import { SourcePictures } from './source-pictures.ts';

/** What was measured of one file. */
export interface FileReport {
  readonly file: string;
  /** As the file's first `start` said; absent where no picture could be tokenized. */
  readonly media: Pick<StartMessage, 'codec' | 'width' | 'height' | 'motionSource'> | undefined;
  readonly figures: Figures;
  /** Number of gaps by reason. */
  readonly gapsByReason: Readonly<Partial<Record<GapReason, number>>>;
}

export interface FileMeasurementOptions {
  readonly manifest: PackManifest;
  /** Borrowed. */
  readonly detokenizer: Detokenizer;
  /** Codes single pictures for comparison; left out if absent, because it is slow. */
  readonly stillCodec?: StillCodec | undefined;
  /** Clips to keep for a sheet beside the worst, spread over the file; none if absent. */
  readonly spreadClips?: number | undefined;
}

/**
 * Measures one file while it is tokenized: sees originals as a probe, rebuilds pictures from the messages alone, and
 * holds no more of either than lies between the two.
 */
export class FileMeasurement implements Measurement {
  readonly rates: RateMeasure;
  readonly samples: ClipSamples;
  readonly #visual: PackManifest['visual'];
  readonly #detokenizer: CapturingDetokenizer;
  readonly #reconstructor: Reconstructor;
  readonly #source: SourcePictures;
  readonly #keyframes: KeyframeMeasure;
  readonly #motion: MotionMeasure;
  // Originals whose message has not come.
  readonly #items: (Keyframe | Chunk)[] = [];
  #start: StartMessage | undefined;
  // The open clip, as far as it has come.
  #clip: ClipSample | undefined;

  constructor({ manifest, detokenizer, stillCodec, spreadClips = 0 }: FileMeasurementOptions) {
    const { visual, motion } = manifest;
    this.#visual = visual;
    this.samples = new ClipSamples({ worst: WORST_CLIPS, spread: spreadClips });
    this.rates = new RateMeasure(layoutOf(manifest), motion);
    this.#detokenizer = new CapturingDetokenizer(detokenizer);
    this.#reconstructor = Reconstructor.create({ detokenizer: this.#detokenizer });
    this.#source = new SourcePictures({ widthPx: visual.width, heightPx: visual.height });
    this.#keyframes = new KeyframeMeasure(detokenizer.geometry.visual, { stillCodec });
    this.#motion = new MotionMeasure(detokenizer.geometry, this.#source);
  }

  onUnit(unit: AccessUnit): void {
    this.rates.addUnit(unit);
  }

  onPicture(picture: Picture): void {
    this.#source.add(picture);
  }

  onItem(item: Keyframe | Chunk): void {
    this.#items.push(item);
  }

  /** Takes the next message. Calls must not overlap. */
  async take(message: JournalMessage): Promise<void> {
    this.rates.add(message);
    if (message.type === 'visual') return await this.#takeVisual(message);
    if (message.type === 'motion') return await this.#takeMotion(message);
    if (message.type === 'start') this.#start ??= message;
    await this.#reconstructor.push(message);
  }

  /** What was measured; after the last message. */
  report(file: string): FileReport {
    this.#endClip();
    const media = this.#start && {
      codec: this.#start.codec,
      width: this.#start.width,
      height: this.#start.height,
      motionSource: this.#start.motionSource,
    };
    const figures: Figures = {
      ...this.rates.figures(),
      ...this.#keyframes.figures(),
      ...this.#motion.figures(),
    };
    return { file, media, figures, gapsByReason: this.rates.gapsByReason };
  }

  async #takeVisual(message: VisualMessage): Promise<void> {
    const keyframe = this.#takeItem((item) => item.type === 'keyframe' && item.clip === message.clip);
    assert(keyframe.type === 'keyframe', 'a visual stands for a keyframe');
    const [picture] = await this.#reconstructor.push(message);
    this.#endClip();
    this.#source.forgetBefore(keyframe.pts);
    if (!picture) return;
    assert(this.#detokenizer.keyframe, 'a rebuilt keyframe was decoded');
    const pair = { original: keyframe.pixels, rebuilt: picture.rgb };
    const sentBytes = Math.ceil(visualBits(message, this.#visual) / 8);
    const { db, thumbnailDb } = await this.#keyframes.add({ ...pair, sentBytes });
    this.#clip = { keyframe: { ...pair, seconds: message.pts / 1e6, db }, thumbnailDb, end: undefined };
    this.#motion.begin(this.#detokenizer.keyframe, picture);
  }

  async #takeMotion(message: MotionMessage): Promise<void> {
    const chunk = this.#takeItem(
      (item) => item.type === 'chunk' && item.clip === message.clip && item.chunk === message.chunk,
    );
    assert(chunk.type === 'chunk', 'a motion message stands for a chunk');
    const pictures = await this.#reconstructor.push(message);
    const last = pictures.at(-1);
    if (!last) return;
    const decoded = message.ids.length > 0 ? this.#detokenizer.motion : undefined;
    const { lastDb } = await this.#motion.add(chunk, pictures, decoded);
    assert(this.#clip, 'pictures between keyframes belong to a clip');
    const pair = { original: await this.#source.rgbAt(last.pts), rebuilt: last.rgb };
    this.#clip = { ...this.#clip, end: { ...pair, seconds: last.pts / 1e6, db: lastDb } };
    this.#source.forgetBefore(last.pts);
  }

  #endClip(): void {
    if (this.#clip) this.samples.add(this.#clip);
    this.#clip = undefined;
  }

  /** The original that a message stands for; those before it got no tokens. */
  #takeItem(isIt: (item: Keyframe | Chunk) => boolean): Keyframe | Chunk {
    const at = this.#items.findIndex(isIt);
    const item = this.#items.splice(0, at + 1)[at];
    assert(item, 'a message stands for a keyframe or chunk that was tokenized');
    return item;
  }
}
