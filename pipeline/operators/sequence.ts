import { concatMap, defer, endWith, type OperatorFunction } from 'rxjs';
import type {
  GapReason,
  JournalMessage,
  Runtime,
  StartMessage,
  TokenLayout,
} from '../../client-sdk/protocol/messages.ts';
import { type Micros, type Millis, micros } from '../../client-sdk/protocol/units.ts';
import { assertNever } from '../errors.ts';
import type { Announcement, Chunk, Gap } from '../types.ts';
import type { AdmissionWindow } from './admission-window.ts';
import type { Omission } from './shed.ts';
import type { Tokenized } from './tokenize-items.ts';

export interface SequenceOptions {
  readonly stream: string;
  readonly epoch: string;
  readonly pack: StartMessage['pack'];
  readonly layout: TokenLayout;
  readonly motionFps: number;
  readonly provider: string;
  readonly runtime: Runtime;
  readonly window: AdmissionWindow;
  readonly now: () => Millis;
}

/**
 * Gives every message its place: numbers them without holes, holds a start back until the visual that it announces,
 * and makes one gap of a clip's omitted parts. Gives the units behind each message back to the window.
 */
export function sequence(options: SequenceOptions): OperatorFunction<Tokenized, JournalMessage> {
  return (source) =>
    defer(() => {
      const sequencer = new Sequencer(options);
      const flush = Symbol('end of the source');
      return source.pipe(
        endWith(flush),
        concatMap((event) => [
          ...(event === flush ? sequencer.flush() : sequencer.handle(event as Tokenized)),
        ]),
      );
    });
}

/** Parts of a clip that gave no tokens. */
interface OpenGap {
  readonly from: Micros;
  readonly clip: number;
  readonly reason: GapReason;
  to: Micros;
  units: number;
}

class Sequencer {
  readonly #options: SequenceOptions;
  #seq = 0;
  // The start to send before the next visual.
  #announcement: Announcement | undefined;
  #gap: OpenGap | undefined;
  #lastUnit = -1;

  constructor(options: SequenceOptions) {
    this.#options = options;
  }

  *handle(event: Tokenized): Generator<JournalMessage> {
    switch (event.type) {
      case 'announcement':
        this.#announcement = event;
        return;
      case 'gap':
        yield* this.#closeGap(event.from);
        yield this.#gapMessage(event);
        return;
      case 'omission':
        yield* this.#omit(event);
        break;
      case 'visual':
        yield* this.#closeGap(event.keyframe.pts);
        yield* this.#start();
        yield this.#visual(event);
        break;
      case 'motion':
        if (this.#gap) yield* this.#omit({ type: 'omission', item: event.chunk, reason: this.#gap.reason });
        else yield this.#motion(event.chunk, event.ids);
        break;
      default:
        assertNever(event);
    }
    this.#account(event);
  }

  *flush(): Generator<JournalMessage> {
    if (this.#gap) yield* this.#closeGap(this.#gap.to);
  }

  /** Lengthens the clip's gap, or begins one. */
  *#omit({ item, reason }: Omission): Generator<JournalMessage> {
    if (this.#gap && this.#gap.clip !== item.clip) yield* this.#closeGap(item.pts);
    const units = item.unitIndex - this.#lastUnit;
    const to = micros(item.pts + (item.type === 'chunk' ? item.duration : 0));
    this.#gap ??= { from: item.pts, clip: item.clip, reason, to, units: 0 };
    this.#gap.to = micros(Math.max(this.#gap.to, to));
    this.#gap.units += units;
  }

  *#closeGap(to: Micros): Generator<JournalMessage> {
    if (!this.#gap) return;
    const { from, reason, units } = this.#gap;
    this.#gap = undefined;
    yield this.#gapMessage({ from, to, reason, dropped: units });
  }

  *#start(): Generator<JournalMessage> {
    if (!this.#announcement) return;
    const { format, size, motionSource } = this.#announcement;
    this.#announcement = undefined;
    const { stream, epoch, pack, layout, motionFps, provider, runtime } = this.#options;
    yield {
      type: 'start',
      v: 1,
      stream,
      epoch,
      seq: this.#seq++,
      pack,
      codec: format.codec,
      width: size.widthPx,
      height: size.heightPx,
      displayAspect: (size.widthPx * size.sampleAspect) / size.heightPx,
      motionSource,
      motionFps,
      layout,
      provider,
      runtime,
    };
  }

  #visual({ keyframe, ids, positions }: Extract<Tokenized, { type: 'visual' }>): JournalMessage {
    const { pts, received, captured, clip, shot, kind, isDegraded } = keyframe;
    return {
      type: 'visual',
      epoch: this.#options.epoch,
      seq: this.#seq++,
      pts,
      received,
      emitted: this.#options.now(),
      ...(captured !== undefined && { captured }),
      clip,
      shot,
      keyframe: kind,
      ids: Array.from(ids),
      ...(positions !== undefined && { positions }),
      ...(isDegraded && { degraded: true as const }),
    };
  }

  #motion(chunk: Chunk, ids: Uint32Array): JournalMessage {
    const { pts, received, captured, clip, fields, duration, isDegraded } = chunk;
    return {
      type: 'motion',
      epoch: this.#options.epoch,
      seq: this.#seq++,
      pts,
      received,
      emitted: this.#options.now(),
      ...(captured !== undefined && { captured }),
      clip,
      chunk: chunk.chunk,
      fields,
      duration,
      ids: Array.from(ids),
      ...(isDegraded && { degraded: true as const }),
    };
  }

  #gapMessage({ from, to, reason, dropped }: Omit<Gap, 'type'>): JournalMessage {
    return { type: 'gap', epoch: this.#options.epoch, seq: this.#seq++, from, to, reason, dropped };
  }

  #account(event: Exclude<Tokenized, Announcement | Gap>): void {
    const item =
      event.type === 'visual' ? event.keyframe : event.type === 'motion' ? event.chunk : event.item;
    this.#lastUnit = Math.max(this.#lastUnit, item.unitIndex);
    this.#options.window.sequenced(this.#lastUnit);
  }
}
