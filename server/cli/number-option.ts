import { InvalidArgumentError } from 'commander';

/** Reads an option's value as a number above zero. */
export function parsePositive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new InvalidArgumentError(`a positive number is needed, got ${text}`);
  return value;
}
