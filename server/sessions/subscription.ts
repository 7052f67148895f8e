import { formatCursor, parseCursor } from '../../client-sdk/protocol/cursor.ts';
import type { ErrorCode } from '../../client-sdk/protocol/error-codes.ts';
import { ProtocolError, reasonOf } from '../../pipeline/errors.ts';
import type { Journal, JournalPlace } from './journal.ts';
import { encodeMessage, type JournalEntry, type WireChunk, type WireForm } from './journal-entry.ts';

/** The connection of one subscriber. It calls `Subscription.pump` whenever bytes have left it. */
export interface SubscriberSink {
  /** Bytes taken and not yet handed to the operating system. */
  readonly bufferedBytes: number;
  /** Borrows the bytes, which nobody changes. */
  send(chunk: WireChunk): void;
  /** Shows that the connection lives, in the framing's own way. */
  heartbeat(): void;
  /** Closes after what was sent; without a code the subscription has come to its end. */
  close(code?: ErrorCode, detail?: string): void;
}

/** Where a subscription begins: the open clip, the oldest message, or after a cursor. */
export type SubscribeFrom = 'live' | 'earliest' | { readonly epoch: string; readonly seq: number };

/** Reads `from` as it comes in a query or in `Last-Event-ID`. Throws a `ProtocolError`. */
export function parseSubscribeFrom(text: string): SubscribeFrom {
  if (text === 'live' || text === 'earliest') return text;
  try {
    return parseCursor(text);
  } catch (cause) {
    throw new ProtocolError('invalid-cursor', `from is live, earliest or a cursor: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

export interface SubscriptionOptions {
  readonly from: SubscribeFrom;
  /** Whether to close after the `end` of the first epoch that is read to its end. */
  readonly isUntilEnd: boolean;
  readonly form: WireForm;
  readonly bufferBytes: number;
  readonly stallMs: number;
  readonly heartbeatMs: number;
  readonly now: () => number;
  /** Called once, when the subscription has closed for whatever reason. */
  onClosed(subscription: Subscription, code: ErrorCode | undefined): void;
}

/**
 * One subscriber of one stream. It holds nothing but its place in the journal: what its socket does not take waits
 * there, and a subscriber that falls out of the journal, or takes nothing for too long, is disconnected.
 */
export class Subscription {
  /** When it was opened, wall clock, ms. */
  readonly openedMs: number;
  readonly #journal: Journal;
  readonly #sink: SubscriberSink;
  readonly #options: SubscriptionOptions;
  #position: number;
  #missed: JournalPlace['missed'];
  /** The `start` in force has yet to be sent. */
  #needsStart = true;
  #isClosed = false;
  #isPumping = false;
  #lastProgressMs: number;
  #lastSentMs: number;
  #sent = 0;

  /** Throws a `ProtocolError` where the cursor is of the future. */
  constructor(journal: Journal, sink: SubscriberSink, options: SubscriptionOptions) {
    const place = placeOf(journal, options.from);
    this.#journal = journal;
    this.#sink = sink;
    this.#options = options;
    this.#position = place.position;
    this.#missed = place.missed;
    this.#lastProgressMs = options.now();
    this.#lastSentMs = options.now();
    this.openedMs = options.now();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether every message of the journal has been sent and has left the process. */
  get isCaughtUp(): boolean {
    return this.#isClosed || (this.#position >= this.#journal.endPosition && this.#sink.bufferedBytes === 0);
  }

  /** Messages sent so far. */
  get sent(): number {
    return this.#sent;
  }

  /** Tells that bytes have left the sink. */
  noteProgress(): void {
    this.#lastProgressMs = this.#options.now();
    this.pump();
  }

  /** Sends what the sink takes; called when the journal has grown. */
  pump(): void {
    if (this.#isClosed || this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (!this.#isClosed && this.#sink.bufferedBytes < this.#options.bufferBytes && this.#sendNext());
    } finally {
      this.#isPumping = false;
    }
  }

  /** Sends a heartbeat after a silence; disconnects where nothing has left for too long. */
  tick(): void {
    if (this.#isClosed) return;
    const nowMs = this.#options.now();
    const isStuck = this.#sink.bufferedBytes > 0 && nowMs - this.#lastProgressMs >= this.#options.stallMs;
    if (isStuck) this.close('slow-subscriber', `nothing was taken for ${this.#options.stallMs} ms`);
    else if (nowMs - this.#lastSentMs >= this.#options.heartbeatMs) {
      this.#lastSentMs = nowMs;
      this.#sink.heartbeat();
    }
  }

  /** Announces that the server will close the connection. */
  goaway(inMs: number): void {
    if (!this.#isClosed) this.#send(encodeMessage({ type: 'goaway', inMs }, this.#options.form.framing));
  }

  /** Ends the subscription; later calls do nothing. */
  close(code?: ErrorCode, detail?: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#sink.close(code, detail);
    this.#options.onClosed(this, code);
  }

  /** The peer has gone. */
  detach(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.onClosed(this, undefined);
  }

  #sendNext(): boolean {
    if (this.#position < this.#journal.firstPosition && this.#sent > 0) {
      this.close('slow-subscriber', 'the journal has forgotten what was to be sent next');
      return false;
    }
    this.#position = Math.max(this.#position, this.#journal.firstPosition);
    const entry = this.#journal.at(this.#position);
    if (!entry) return false;
    this.#sendPreface(entry);
    this.#send(entry.encode(this.#options.form));
    this.#position += 1;
    if (this.#options.isUntilEnd && entry.message.type === 'end') this.close();
    return true;
  }

  /** A subscription first gets the `start` in force, then what it has missed. */
  #sendPreface(next: JournalEntry): void {
    const { form } = this.#options;
    if (this.#needsStart && next.start && next.start !== next) this.#send(next.start.encode(form, true));
    this.#needsStart = false;
    if (!this.#missed) return;
    this.#send(
      encodeMessage({ type: 'skip', ...this.#missed, to: formatCursor(next.message) }, form.framing),
    );
    this.#missed = undefined;
  }

  #send(chunk: WireChunk): void {
    const nowMs = this.#options.now();
    if (this.#sink.bufferedBytes === 0) this.#lastProgressMs = nowMs;
    this.#lastSentMs = nowMs;
    this.#sent += 1;
    this.#sink.send(chunk);
  }
}

function placeOf(journal: Journal, from: SubscribeFrom): JournalPlace {
  if (from === 'live') return journal.live();
  return from === 'earliest' ? journal.earliest() : journal.after(from);
}
