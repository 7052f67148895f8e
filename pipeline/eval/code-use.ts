/** Counts how often each entry of a codebook is used. */
export class CodeUse {
  readonly #counts: Float64Array;
  #total = 0;

  constructor(codebookSize: number) {
    this.#counts = new Float64Array(codebookSize);
  }

  add(ids: Iterable<number>): void {
    for (const id of ids) {
      if (!(id in this.#counts))
        throw new RangeError(`an id must be below ${this.#counts.length}, got ${id}`);
      this.#counts[id]! += 1;
      this.#total += 1;
    }
  }

  /** Counts what another, of the same codebook, has counted. */
  merge(other: CodeUse): void {
    if (other.codebookSize !== this.codebookSize)
      throw new RangeError(`a codebook must have ${this.codebookSize} entries, got ${other.codebookSize}`);
    other.#counts.forEach((count, id) => {
      this.#counts[id]! += count;
    });
    this.#total += other.#total;
  }

  get codebookSize(): number {
    return this.#counts.length;
  }

  /** Ids counted. */
  get total(): number {
    return this.#total;
  }

  /** Entries used at least once. */
  get used(): number {
    return this.#counts.reduce((used, count) => used + (count > 0 ? 1 : 0), 0);
  }

  /** 2 to the entropy of the use in bits: as many entries used equally often would carry as much; null without ids. */
  get perplexity(): number | null {
    if (this.#total === 0) return null;
    let bits = 0;
    for (const count of this.#counts) {
      const share = count / this.#total;
      if (share > 0) bits -= share * Math.log2(share);
    }
    return 2 ** bits;
  }
}
