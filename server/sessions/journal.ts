import type { Cursor } from '../../client-sdk/protocol/cursor.ts';
import type { JournalMessage, SkipMessage } from '../../client-sdk/protocol/messages.ts';
import { assert, ProtocolError } from '../../pipeline/errors.ts';
import { JournalEntry } from './journal-entry.ts';

/** Entries whose encoded forms are kept for the subscribers that follow live. */
const RECENT_ENTRIES = 256;
/** Epochs that a cursor can be told from an unknown one by, long after their messages have gone. */
const REMEMBERED_EPOCHS = 256;

export interface JournalOptions {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly now: () => number;
}

/** Where a subscription begins, and what it has missed before that. */
export interface JournalPlace {
  readonly position: number;
  readonly missed?: Pick<SkipMessage, 'from' | 'reason'> | undefined;
}

/**
 * The bounded, ordered memory of a stream's recent messages. Spans epochs; forgets whole clips, oldest first, but
 * never the newest one. Subscribers read it by position, so that a slow one needs no queue of its own.
 */
export class Journal {
  readonly #options: JournalOptions;
  #entries: JournalEntry[] = [];
  #firstPosition = 0;
  #sizeBytes = 0;
  /** Positions at which a clip begins, with the `start` before it if there is one. */
  #clipStarts: number[] = [];
  /** Position that seq 0 of each epoch has or had, oldest epoch first. */
  readonly #epochBase = new Map<string, number>();

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** Position of the oldest message held. */
  get firstPosition(): number {
    return this.#firstPosition;
  }

  /** Position that the next message will get. */
  get endPosition(): number {
    return this.#firstPosition + this.#entries.length;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get last(): JournalEntry | undefined {
    return this.#entries.at(-1);
  }

  /** The entry at a position; `undefined` before the first and after the last. */
  at(position: number): JournalEntry | undefined {
    return this.#entries[position - this.#firstPosition];
  }

  /** Appends the next message of the present epoch, or the first one of a new epoch. */
  append(message: JournalMessage): JournalEntry {
    const position = this.endPosition;
    const base = this.#epochBase.get(message.epoch);
    assert(position - (base ?? position) === message.seq, `seq ${message.seq} follows without a hole`);
    if (base === undefined) this.#rememberEpoch(message.epoch, position);
    const before = this.last;
    const start = before?.message.epoch === message.epoch ? before.start : undefined;
    const entry = new JournalEntry(message, { position, appendedMs: this.#options.now(), start });
    this.#entries.push(entry);
    this.#sizeBytes += entry.sizeBytes;
    this.#noteClipStart(entry, before);
    this.at(position - RECENT_ENTRIES)?.forget();
    this.trim();
    return entry;
  }

  /** Forgets the oldest clips that are over age or over size. */
  trim(): void {
    const oldestMs = this.#options.now() - this.#options.maxAgeMs;
    for (let next = this.#clipStarts[1]; next !== undefined; next = this.#clipStarts[1]) {
      const newestOfClip = this.at(next - 1);
      const isTooOld = newestOfClip !== undefined && newestOfClip.appendedMs < oldestMs;
      if (!isTooOld && this.#sizeBytes <= this.#options.maxBytes) return;
      this.#dropBefore(next);
    }
  }

  /** Forgets everything; cursors of its epochs are then expired ones. */
  clear(): void {
    this.#dropBefore(this.endPosition);
  }

  /** The oldest message held. */
  earliest(): JournalPlace {
    return { position: this.#firstPosition };
  }

  /** The clip in progress: its `start` or visual; the end of the journal where no publisher is present. */
  live(): JournalPlace {
    const last = this.last;
    if (!last || last.message.type === 'end') return { position: this.endPosition };
    const openClip = this.#clipStarts.at(-1);
    const isOpen = openClip !== undefined && this.at(openClip)?.message.epoch === last.message.epoch;
    return { position: isOpen ? openClip : this.endPosition };
  }

  /** The newest clip, whether or not its epoch has ended. */
  newestClip(): JournalPlace {
    return { position: this.#clipStarts.at(-1) ?? this.endPosition };
  }

  /** The message after a cursor, or the oldest one where that has gone. Throws for a cursor of the future. */
  after(cursor: Cursor): JournalPlace {
    const from = `${cursor.epoch}:${cursor.seq}`;
    const base = this.#epochBase.get(cursor.epoch);
    if (base === undefined) return { ...this.earliest(), missed: { from, reason: 'unknown-epoch' } };
    const position = base + cursor.seq + 1;
    if (position > this.#epochEnd(base)) {
      throw new ProtocolError('invalid-cursor', `the epoch has no seq ${cursor.seq} yet, got ${from}`);
    }
    if (position < this.#firstPosition) return { ...this.earliest(), missed: { from, reason: 'expired' } };
    return { position };
  }

  #epochEnd(base: number): number {
    const laterBases = [...this.#epochBase.values()].filter((other) => other > base);
    return Math.min(this.endPosition, ...laterBases);
  }

  #rememberEpoch(epoch: string, position: number): void {
    this.#epochBase.set(epoch, position);
    if (this.#epochBase.size <= REMEMBERED_EPOCHS) return;
    const oldest = this.#epochBase.keys().next();
    if (!oldest.done) this.#epochBase.delete(oldest.value);
  }

  #noteClipStart(entry: JournalEntry, before: JournalEntry | undefined): void {
    const { type } = entry.message;
    const isAfterStart = before?.message.type === 'start' && before.start === entry.start;
    if (type === 'start' || (type === 'visual' && !isAfterStart)) this.#clipStarts.push(entry.position);
  }

  #dropBefore(position: number): void {
    const dropped = this.#entries.splice(0, position - this.#firstPosition);
    for (const entry of dropped) this.#sizeBytes -= entry.sizeBytes;
    this.#firstPosition = position;
    this.#clipStarts = this.#clipStarts.filter((start) => start >= position);
  }
}
