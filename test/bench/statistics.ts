/** Percentiles of a sample. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Percentiles by the nearest rank; undefined of an empty sample. */
export function percentilesOf(sample: readonly number[]): Percentiles | undefined {
  if (sample.length === 0) return undefined;
  const sorted = sample.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
