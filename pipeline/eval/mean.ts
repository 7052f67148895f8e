/** An arithmetic mean of numbers that come one by one; null while there is none. */
export class Mean {
  #sum = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get value(): number | null {
    return this.#count === 0 ? null : this.#sum / this.#count;
  }

  add(value: number): void {
    this.#sum += value;
    this.#count += 1;
  }
}

/** The mean of those values that are there; null if none is. */
export function meanOf(values: Iterable<number | null>): number | null {
  const mean = new Mean();
  for (const value of values) if (value !== null) mean.add(value);
  return mean.value;
}
