import { llmIdsOf } from '../../client-sdk/protocol/llm-ids.ts';
import type {
  GapReason,
  JournalMessage,
  MotionMessage,
  TokenLayout,
  VisualMessage,
} from '../../client-sdk/protocol/messages.ts';
import type { AccessUnit } from '../types.ts';
import { CodeUse } from './code-use.ts';
import type { Figures } from './figures.ts';
import { Mean } from './mean.ts';
import { visualBits } from './sent-bits.ts';

/** Distance of keyframes, seconds, that the rate of tokens is told for beside the file's own. */
export const GOP_SECONDS = 2;

type RateFigures = Pick<
  Figures,
  | 'seconds'
  | 'tokensPerSecond'
  | 'gopTokensPerSecond'
  | 'bitsPerSecond'
  | 'sourceBitsPerSecond'
  | 'keyframeTokens'
  | 'keyframeBytes'
  | 'visualCodes'
  | 'visualPerplexity'
  | 'motionCodes'
  | 'motionPerplexity'
  | 'clips'
  | 'gaps'
  | 'degraded'
>;

/** What needs no picture: rates, use of the codebooks, gaps. */
export class RateMeasure {
  readonly visualCodes: CodeUse;
  readonly motionCodes: CodeUse;
  readonly #layout: TokenLayout;
  readonly #fieldsPerSecond: number;
  readonly #gaps: Partial<Record<GapReason, number>> = {};
  readonly #units: { readonly pts: number; readonly bytes: number }[] = [];
  readonly #keyframeIds = new Mean();
  readonly #keyframeBytes = new Mean();
  // Ids of layout=llm.
  readonly #keyframeTokens = new Mean();
  readonly #chunkTokens = new Mean();
  #gapCount = 0;
  #degraded = 0;
  #tokens = 0;
  #bits = 0;
  #endUs = 0;

  constructor(layout: TokenLayout, { fieldsPerSecond }: { fieldsPerSecond: number }) {
    this.#layout = layout;
    this.#fieldsPerSecond = fieldsPerSecond;
    this.visualCodes = new CodeUse(layout.visual.codebookSize);
    this.motionCodes = new CodeUse(layout.motion.codebookSize);
  }

  /** Counts a coded picture of the source. */
  addUnit({ pts, data }: Pick<AccessUnit, 'pts' | 'data'>): void {
    this.#units.push({ pts, bytes: data.byteLength });
  }

  add(message: JournalMessage): void {
    switch (message.type) {
      case 'visual':
        this.#addVisual(message);
        break;
      case 'motion':
        this.#addMotion(message);
        break;
      case 'gap':
        this.#gapCount += 1;
        this.#gaps[message.reason] = (this.#gaps[message.reason] ?? 0) + 1;
        this.#reach(message.to);
        break;
      default:
    }
  }

  get seconds(): number {
    return this.#endUs / 1e6;
  }

  /** Number of gaps by reason. */
  get gapsByReason(): Readonly<Partial<Record<GapReason, number>>> {
    return this.#gaps;
  }

  figures(): RateFigures {
    const perSecond = (count: number): number | null => (this.#endUs > 0 ? count / this.seconds : null);
    return {
      seconds: this.seconds,
      tokensPerSecond: perSecond(this.#tokens),
      gopTokensPerSecond: this.#gopTokensPerSecond(),
      bitsPerSecond: perSecond(this.#bits),
      sourceBitsPerSecond: perSecond(this.#sourceBits()),
      keyframeTokens: this.#keyframeIds.value,
      keyframeBytes: this.#keyframeBytes.value,
      visualCodes: this.visualCodes.used,
      visualPerplexity: this.visualCodes.perplexity,
      motionCodes: this.motionCodes.used,
      motionPerplexity: this.motionCodes.perplexity,
      clips: this.#keyframeIds.count,
      gaps: this.#gapCount,
      degraded: this.#degraded,
    };
  }

  #addVisual(message: VisualMessage): void {
    const { visual, llm } = this.#layout;
    const bits = visualBits(message, visual);
    const tokens = llmIdsOf(message, llm).length;
    this.visualCodes.add(message.ids);
    this.#keyframeIds.add(message.ids.length);
    this.#keyframeBytes.add(Math.ceil(bits / 8));
    this.#keyframeTokens.add(tokens);
    this.#tokens += tokens;
    this.#bits += bits;
    this.#degraded += message.degraded ? 1 : 0;
    this.#reach(message.pts + 1e6 / this.#fieldsPerSecond);
  }

  #addMotion(message: MotionMessage): void {
    const { motion, llm } = this.#layout;
    const tokens = llmIdsOf(message, llm).length;
    this.motionCodes.add(message.ids);
    this.#chunkTokens.add(tokens, message.fields);
    this.#tokens += tokens;
    this.#bits += message.ids.length * Math.log2(motion.codebookSize);
    this.#degraded += message.degraded ? 1 : 0;
    this.#reach(message.pts + message.duration);
  }

  #gopTokensPerSecond(): number | null {
    const keyframe = this.#keyframeTokens.value;
    if (keyframe === null) return null;
    const chunks = Math.ceil((GOP_SECONDS * this.#fieldsPerSecond) / this.#layout.motion.fieldsPerChunk);
    return (keyframe + chunks * (this.#chunkTokens.value ?? 0)) / GOP_SECONDS;
  }

  /** Bits of the coded pictures that are shown before the end of the last message; more may have been read. */
  #sourceBits(): number {
    const bytes = this.#units.reduce((sum, unit) => sum + (unit.pts < this.#endUs ? unit.bytes : 0), 0);
    return bytes * 8;
  }

  #reach(us: number): void {
    this.#endUs = Math.max(this.#endUs, us);
  }
}
