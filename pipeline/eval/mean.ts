/** An arithmetic mean of numbers that come one by one, each with its weight; null while there is none. */
export class Mean {
  #sum = 0;
  #weight = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get value(): number | null {
    return this.#count === 0 ? null : this.#sum / this.#weight;
  }

  add(value: number, weight = 1): void {
    this.#sum += value * weight;
    this.#weight += weight;
    this.#count += 1;
  }
}

/** The mean of those values that are there; null if none is. */
export function meanOf(values: Iterable<number | null>): number | null {
  const mean = new Mean();
  for (const value of values) if (value !== null) mean.add(value);
  return mean.value;
}
