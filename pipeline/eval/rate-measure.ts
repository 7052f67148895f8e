import type { GapReason, JournalMessage, TokenLayout } from '../../client-sdk/protocol/messages.ts';
import type { AccessUnit } from '../types.ts';
import { CodeUse } from './code-use.ts';
import type { Figures } from './figures.ts';

type RateFigures = Pick<
  Figures,
  | 'seconds'
  | 'tokensPerSecond'
  | 'bitsPerSecond'
  | 'sourceBitsPerSecond'
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
  readonly #tickUs: number;
  readonly #gaps: Partial<Record<GapReason, number>> = {};
  readonly #units: { readonly pts: number; readonly bytes: number }[] = [];
  #clips = 0;
  #gapCount = 0;
  #degraded = 0;
  #positionBits = 0;
  #endUs = 0;

  constructor(layout: TokenLayout, { fieldsPerSecond }: { fieldsPerSecond: number }) {
    this.#layout = layout;
    this.#tickUs = 1e6 / fieldsPerSecond;
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
        this.#clips += 1;
        this.visualCodes.add(message.ids);
        if (message.positions !== undefined)
          this.#positionBits += this.#layout.visual.columns * this.#layout.visual.rows;
        this.#degraded += message.degraded ? 1 : 0;
        this.#reach(message.pts + this.#tickUs);
        break;
      case 'motion':
        this.motionCodes.add(message.ids);
        this.#degraded += message.degraded ? 1 : 0;
        this.#reach(message.pts + message.duration);
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
    const { visual, motion } = this.#layout;
    const ids = this.visualCodes.total + this.motionCodes.total;
    const bits =
      this.visualCodes.total * Math.log2(visual.codebookSize) +
      this.motionCodes.total * Math.log2(motion.codebookSize) +
      this.#positionBits;
    const perSecond = (count: number): number | null => (this.#endUs > 0 ? count / this.seconds : null);
    return {
      seconds: this.seconds,
      tokensPerSecond: perSecond(ids),
      bitsPerSecond: perSecond(bits),
      sourceBitsPerSecond: perSecond(this.#sourceBits()),
      visualCodes: this.visualCodes.used,
      visualPerplexity: this.visualCodes.perplexity,
      motionCodes: this.motionCodes.used,
      motionPerplexity: this.motionCodes.perplexity,
      clips: this.#clips,
      gaps: this.#gapCount,
      degraded: this.#degraded,
    };
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
