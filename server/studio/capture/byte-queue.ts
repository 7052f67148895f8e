/** One piece of a publication; decoding can begin at a keyframe. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly isKeyframe: boolean;
}

/**
 * Hands pieces from a live encoder to a socket. Holds at most `capacityBytes`: a piece that does not fit is dropped with
 * all that follow it up to the next keyframe, so that what is sent can be decoded.
 */
export class ByteQueue implements AsyncIterable<Uint8Array> {
  readonly #capacityBytes: number;
  readonly #pieces: Piece[] = [];
  #heldBytes = 0;
  #isWaitingForKeyframe = false;
  #state: 'open' | 'ended' | { readonly error: unknown } = 'open';
  #wake: (() => void) | undefined;
  #dropped = 0;

  constructor(options: { capacityBytes: number }) {
    this.#capacityBytes = options.capacityBytes;
  }

  /** Pieces that found no room. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Whether the producer should make its next picture a keyframe. */
  get needsKeyframe(): boolean {
    return this.#isWaitingForKeyframe;
  }

  /** Takes a piece, or drops it for want of room. */
  push(piece: Piece): void {
    if (this.#state !== 'open') return;
    if (piece.isKeyframe) this.#isWaitingForKeyframe = false;
    const hasRoom = this.#heldBytes + piece.bytes.length <= this.#capacityBytes;
    if (this.#isWaitingForKeyframe || !hasRoom) {
      this.#isWaitingForKeyframe = true;
      this.#dropped++;
      return;
    }
    this.#pieces.push(piece);
    this.#heldBytes += piece.bytes.length;
    this.#wake?.();
  }

  /** Ends the sequence after what is held. */
  end(): void {
    this.#settle('ended');
  }

  /** Makes the reader's next step reject. */
  fail(error: unknown): void {
    this.#settle({ error });
  }

  #settle(state: 'ended' | { readonly error: unknown }): void {
    if (this.#state === 'open') this.#state = state;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      while (true) {
        if (typeof this.#state === 'object') throw this.#state.error;
        const piece = this.#pieces.shift();
        if (piece !== undefined) {
          this.#heldBytes -= piece.bytes.length;
          yield piece.bytes;
        } else if (this.#state === 'ended') {
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.#settle('ended');
    }
  }
}
