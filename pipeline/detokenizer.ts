import type { JournalMessage, Message, StartMessage } from '../client-sdk/protocol/messages.ts';
import { type Micros, micros } from '../client-sdk/protocol/units.ts';
import type { Detokenizer } from '../client-sdk/reconstruct/detokenizer.ts';
import { Reconstructor } from '../client-sdk/reconstruct/reconstructor.ts';
import { ProtocolError } from './errors.ts';

/** A picture rebuilt from tokens, or the time at which the last one ends. */
export type RebuiltEvent =
  | {
      readonly type: 'picture';
      /** Time at which it is to be shown; 0 for the first picture, increasing over all epochs. */
      readonly at: Micros;
      /** uint8 [height, width, 3], RGB; read only. */
      readonly rgb: Uint8Array;
      /** Width over height at which it is meant to be shown. */
      readonly displayAspect: number;
    }
  | { readonly type: 'end'; readonly at: Micros };

/**
 * Rebuilds the pictures of a stream's messages, all epochs one after the other on one clock. Where there are no tokens
 * there is no picture, so that the one before goes on. Borrows the detokenizer. Rejects with a `ProtocolError` where
 * something comes before the first `start`.
 */
export async function* detokenize(
  messages: AsyncIterable<Message>,
  { detokenizer }: { detokenizer: Detokenizer },
): AsyncGenerator<RebuiltEvent> {
  const reconstructor = Reconstructor.create({ detokenizer });
  const clock = new EpochClock(micros(1e6 / detokenizer.geometry.motion.fieldsPerSecond));
  let start: StartMessage | undefined;
  for await (const message of messages) {
    if (message.type === 'start') start = message;
    if (!start) throw new ProtocolError('bad-request', `a start must come first, got ${message.type}`);
    const pictures = await reconstructor.push(message);
    if (message.type === 'skip' || message.type === 'goaway') continue;
    clock.take(message, pictures.at(-1)?.pts);
    for (const { pts, rgb } of pictures)
      yield { type: 'picture', at: clock.at(pts), rgb, displayAspect: start.displayAspect };
  }
  yield { type: 'end', at: clock.end };
}

/** Lays the media time of several epochs on one clock. */
class EpochClock {
  readonly #tick: Micros;
  #epoch: string | undefined;
  // Added to the epoch's media time; undefined until something of the epoch has a time.
  #offset: number | undefined;
  // Of the last picture.
  #shown: number | undefined;
  #end = 0;

  constructor(tick: Micros) {
    this.#tick = tick;
  }

  /** End of what has been taken. */
  get end(): Micros {
    return micros(this.#end);
  }

  at(pts: Micros): Micros {
    return micros(pts + (this.#offset ?? 0));
  }

  /** Takes a message and the media time of the last picture that it made. */
  take(message: JournalMessage, pts: Micros | undefined): void {
    if (message.epoch !== this.#epoch) this.#offset = undefined;
    this.#epoch = message.epoch;
    const span = this.#spanOf(message);
    // Before the first picture there is nothing to go on with, so the clock starts with it.
    if (!span || (this.#shown ?? pts) === undefined) return;
    this.#offset ??= this.#begin(pts) - span.from;
    this.#end = Math.max(this.#end, span.to + this.#offset);
    if (pts !== undefined) this.#shown = this.at(pts);
  }

  /** Where an epoch begins: no picture at the time of the one before, which a chunk's last field shows as it ends. */
  #begin(pts: Micros | undefined): number {
    return pts !== undefined && this.#shown === this.#end ? this.#end + this.#tick : this.#end;
  }

  #spanOf(message: JournalMessage): { from: number; to: number } | undefined {
    switch (message.type) {
      case 'visual':
        return { from: message.pts, to: message.pts + this.#tick };
      case 'motion':
        return { from: message.pts, to: message.pts + message.duration };
      case 'gap':
        return { from: message.from, to: message.to };
      default:
        return undefined;
    }
  }
}
