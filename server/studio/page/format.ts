const STEPS = [
  { least: 1e6, unit: 'M', digits: 2 },
  { least: 1e5, unit: 'k', digits: 0 },
  { least: 1e3, unit: 'k', digits: 1 },
] as const;
const DIVISORS = { M: 1e6, k: 1e3 } as const;

/** A figure with the unit that suits its size. */
export interface Figure {
  readonly value: string;
  readonly unit: string;
}

/** Bits a second as kbit/s or Mbit/s. */
export function bitRate(bitsPerSecond: number): Figure {
  const step = STEPS.find(({ least }) => bitsPerSecond >= least);
  if (step === undefined) return { value: String(Math.round(bitsPerSecond)), unit: 'bit/s' };
  return { value: (bitsPerSecond / DIVISORS[step.unit]).toFixed(step.digits), unit: `${step.unit}bit/s` };
}

/** A duration in ms, or in seconds from one second on. */
export function duration(ms: number): Figure {
  if (Math.abs(ms) < 1000) return { value: ms.toFixed(Math.abs(ms) < 10 ? 1 : 0), unit: 'ms' };
  return { value: (ms / 1000).toFixed(2), unit: 's' };
}

/** A figure as one piece of text. */
export const inWords = ({ value, unit }: Figure): string => `${value}\u00a0${unit}`;
