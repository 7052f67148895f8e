import type { JournalMessage, VisualMessage } from '../../client-sdk/protocol/messages.ts';
import type { Grid } from '../../client-sdk/protocol/positions.ts';
import type { Detokenizer } from '../../client-sdk/reconstruct/detokenizer.ts';
import { MotionCompensation } from '../../client-sdk/reconstruct/motion-compensation.ts';
import { assert, ConfigError, MediaError } from '../errors.ts';
import { gridOf, positionsIn } from '../models/grid-ladder.ts';
import type { PackManifest } from '../models/pack-manifest.ts';
import type { TokenEncoder } from '../models/token-encoder.ts';
import type { Keyframe } from '../types.ts';
import type { Figures } from './figures.ts';
import { KeyframeMeasure, type StillCodec } from './keyframe-measure.ts';
import { Mean, meanOf } from './mean.ts';
import { type MeasureFileOptions, type Measurement, measureFile } from './measure-file.ts';
import { visualBits } from './sent-bits.ts';

/** The figures of a curve, as `FIGURES` defines them. */
export const CURVE_FIGURE_NAMES = [
  'keyframeTokens',
  'keyframeBytes',
  'keyframeDb',
  'thumbnailDb',
  'overThumbnailDb',
  'equalThumbnailDb',
  'av1Db',
  'overAv1Db',
  'av1Bytes',
] as const;
export type CurveFigures = Pick<Figures, (typeof CURVE_FIGURE_NAMES)[number]>;

/** The quality of keyframes at one budget. */
export interface CurvePoint extends CurveFigures {
  /** Ids a keyframe that were asked for: in the mean, of a pack of dynamic length; at most, of one with a ladder. */
  readonly askedTokens: number;
}

/** How far the mean number of ids of a dynamic length may be from what was asked for, as a share of that. */
export const BUDGET_TOLERANCE = 0.1;

/**
 * Whether a budget was kept: in the mean, where the length is dynamic; where it is fixed, by no more ids than were asked
 * for, because a ladder of grids has few numbers to choose from.
 */
export function isWithinBudget(
  { askedTokens, keyframeTokens }: Pick<CurvePoint, 'askedTokens' | 'keyframeTokens'>,
  { isDynamic }: { isDynamic: boolean },
): boolean {
  if (keyframeTokens === null) return false;
  if (!isDynamic) return keyframeTokens <= askedTokens;
  return Math.abs(keyframeTokens - askedTokens) <= BUDGET_TOLERANCE * askedTokens;
}

/** A number of ids, and an encoder that was opened with it. */
export interface AskedEncoder extends Pick<CurvePoint, 'askedTokens'> {
  readonly encoder: TokenEncoder;
}

export interface CurveOptions extends Omit<MeasureFileOptions, 'encoder'> {
  /** One for each budget, all of the pack. At least one. */
  readonly encoders: readonly AskedEncoder[];
  /** Borrowed. */
  readonly detokenizer: Detokenizer;
  /** Codes single pictures for comparison; left out if absent, because it is slow. */
  readonly stillCodec?: StillCodec | undefined;
}

/** Throws a `ConfigError` of code `bad-config` where a pack has no choice of budgets. */
export function assertHasCurve({ name, visual }: PackManifest): void {
  if (visual.dynamic || visual.ladder) return;
  throw new ConfigError(
    'bad-config',
    `a curve needs a pack of dynamic length or with a ladder of grids, got ${name}, whose keyframes all have ${positionsIn(visual)} ids`,
  );
}

/**
 * Cuts a file into clips as `tokenize` does and codes each keyframe at every budget; motion is not coded. Rejects with a
 * `MediaError` where the file has no keyframe.
 */
export async function keyframeCurve(
  file: string,
  source: AsyncIterable<Uint8Array>,
  options: CurveOptions,
): Promise<readonly CurvePoint[]> {
  const curve = new CurveMeasurement(options);
  const [first] = options.encoders;
  assert(first, 'a curve has at least one point');
  await measureFile(source, curve, { ...options, encoder: withoutCoding(first.encoder) });
  const points = curve.points();
  if (points.every(({ keyframeTokens }) => keyframeTokens === null))
    throw new MediaError('no-pictures', `no picture of ${file} could be tokenized`);
  return points;
}

/** The mean over files of each figure at each budget, of those files that have it. */
export const meanCurve = (curves: readonly (readonly CurvePoint[])[]): readonly CurvePoint[] =>
  (curves[0] ?? []).map(({ askedTokens }, at) => {
    const means = CURVE_FIGURE_NAMES.map((name) => [name, meanOf(curves.map((curve) => curve[at]![name]))]);
    return { askedTokens, ...(Object.fromEntries(means) as CurveFigures) };
  });

/** Keyframes coded with one encoder. */
interface Budget extends AskedEncoder {
  readonly grid: Grid;
  readonly tokens: Mean;
  readonly bytes: Mean;
  readonly quality: KeyframeMeasure;
}

class CurveMeasurement implements Measurement {
  readonly #budgets: readonly Budget[];
  readonly #detokenizer: Detokenizer;
  readonly #visual: PackManifest['visual'];
  readonly #compensation: MotionCompensation;
  // Keyframes whose message has not come.
  readonly #keyframes: Keyframe[] = [];

  constructor({ encoders, detokenizer, stillCodec, pack }: CurveOptions) {
    this.#detokenizer = detokenizer;
    this.#visual = pack.manifest.visual;
    this.#compensation = new MotionCompensation(detokenizer.geometry);
    this.#budgets = encoders.map(({ askedTokens, encoder }) => ({
      askedTokens,
      encoder,
      grid: gridOf(pack.manifest, encoder.keyframeTokens),
      tokens: new Mean(),
      bytes: new Mean(),
      quality: new KeyframeMeasure(detokenizer.geometry.visual, { stillCodec }),
    }));
  }

  onUnit(): void {}

  onPicture(): void {}

  onItem(item: Parameters<Measurement['onItem']>[0]): void {
    if (item.type === 'keyframe') this.#keyframes.push(item);
  }

  async take(message: JournalMessage): Promise<void> {
    if (message.type !== 'visual') return;
    const { pixels } = this.#takeKeyframe(message);
    for (const budget of this.#budgets) await this.#measure(pixels, budget);
  }

  points(): CurvePoint[] {
    return this.#budgets.map(({ askedTokens, tokens, bytes, quality }) => ({
      askedTokens,
      keyframeTokens: tokens.value,
      keyframeBytes: bytes.value,
      ...quality.figures(),
    }));
  }

  async #measure(original: Uint8Array, budget: Budget): Promise<void> {
    const { encoder, grid, tokens, bytes, quality } = budget;
    const { ids, positions } = await encoder.encodeKeyframe({ pixels: original }, { isLive: false });
    this.#compensation.begin(await this.#detokenizer.decodeKeyframe(ids, { positions, grid }));
    const sentBytes = Math.ceil(visualBits({ ids, positions }, this.#visual) / 8);
    tokens.add(ids.length);
    bytes.add(sentBytes);
    await quality.add({ original, rebuilt: this.#compensation.render(), sentBytes });
  }

  /** The keyframe that a message stands for; those before it got no message. */
  #takeKeyframe({ clip }: VisualMessage): Keyframe {
    const at = this.#keyframes.findIndex((keyframe) => keyframe.clip === clip);
    const keyframe = this.#keyframes.splice(0, at + 1)[at];
    assert(keyframe, 'a visual stands for a keyframe that was cut');
    return keyframe;
  }
}

/** Lets a file be cut into clips without coding them: gives no ids, at once. */
const withoutCoding = ({ provider, runtime, keyframeTokens }: TokenEncoder): TokenEncoder => ({
  pending: 0,
  provider,
  runtime,
  keyframeTokens,
  encodeKeyframe: async () => ({ ids: new Uint32Array() }),
  encodeMotion: async () => new Uint32Array(),
});
