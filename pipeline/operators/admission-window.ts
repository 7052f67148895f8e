/** Bounds of the window. */
export interface AdmissionWindowOptions {
  /** Units between admission and the journal. */
  readonly units: number;
  /** Bytes of units that are not decoded yet. */
  readonly bytes: number;
}

/**
 * What may be under way between admission and the journal: the one place of the pipeline where work is refused or
 * held back. A unit's bytes are given back when it is decoded, its place when its message is sequenced.
 */
export class AdmissionWindow {
  // Bytes of each unit that has not been sequenced; 0 once decoded. Insertion order is arrival order.
  readonly #outstanding = new Map<number, number>();
  readonly #waiters: (() => void)[] = [];
  readonly #capacityBytes: number;
  #capacityUnits: number;
  #bytes = 0;

  constructor(options: AdmissionWindowOptions) {
    this.#capacityUnits = options.units;
    this.#capacityBytes = options.bytes;
  }

  /** Units admitted and not sequenced. */
  get units(): number {
    return this.#outstanding.size;
  }

  /** Bytes admitted and not decoded. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether another unit may be admitted. A unit larger than the whole window is admitted alone. */
  get hasRoom(): boolean {
    return (
      this.#outstanding.size < this.#capacityUnits && (this.#bytes < this.#capacityBytes || this.#bytes === 0)
    );
  }

  /** Resolves once there is room. */
  async room(): Promise<void> {
    while (!this.hasRoom) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** Raises the number of units, where a message stands for so many that the window could never be given back. */
  ensureUnits(units: number): void {
    this.#capacityUnits = Math.max(this.#capacityUnits, units);
  }

  /** Takes a place for an admitted unit. */
  take(unit: { readonly index: number; readonly data: Uint8Array }): void {
    this.#outstanding.set(unit.index, unit.data.byteLength);
    this.#bytes += unit.data.byteLength;
  }

  /** Gives a unit's bytes back: the decoder has consumed it. */
  decoded(index: number): void {
    const bytes = this.#outstanding.get(index);
    if (!bytes) return;
    this.#outstanding.set(index, 0);
    this.#bytes -= bytes;
    this.#wake();
  }

  /** Gives back the places of all units up to an index: their messages are sequenced, or they can give none. */
  sequenced(throughIndex: number): void {
    for (const [index, bytes] of this.#outstanding) {
      if (index > throughIndex) break;
      this.#outstanding.delete(index);
      this.#bytes -= bytes;
    }
    this.#wake();
  }

  /** Gives back the place of one unit that will give no picture. */
  lost(index: number): void {
    this.decoded(index);
    this.#outstanding.delete(index);
    this.#wake();
  }

  #wake(): void {
    if (this.hasRoom) for (const resolve of this.#waiters.splice(0)) resolve();
  }
}
