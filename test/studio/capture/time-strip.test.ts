import { expect, test } from 'vitest';
import { cellsOf, numberOf, STRIP_NUMBERS } from '../../../server/studio/capture/time-strip.ts';

const numbers = Array.from({ length: STRIP_NUMBERS }, (_, number) => number);
const brightnessesOf = (number: number, white = 235, black = 20): number[] =>
  cellsOf(number).map((isWhite) => (isWhite ? white : black));

test('every number is read back, in any light that leaves a contrast', () => {
  expect(numbers.map((number) => numberOf(brightnessesOf(number)))).toEqual(numbers);
  expect(numbers.map((number) => numberOf(brightnessesOf(number, 110, 60)))).toEqual(numbers);
});

test('a blurred, a shifted and an absent strip are no number', () => {
  expect(numbers.map((number) => numberOf(brightnessesOf(number, 140, 110)))).toEqual(
    numbers.map(() => undefined),
  );
  const shifted = numbers.map((number) => numberOf([20, ...brightnessesOf(number)]));
  expect(shifted.filter((read, number) => read === number)).toEqual([]);
  expect(numberOf(new Array<number>(16).fill(200))).toBeUndefined();
});

test('one bit that was taken for its opposite is noticed', () => {
  for (const number of numbers)
    for (let bit = 0; bit < 8; bit++) {
      const cells = brightnessesOf(number);
      cells.splice(2 * bit, 2, cells[2 * bit + 1]!, cells[2 * bit]!);
      expect(numberOf(cells)).toBeUndefined();
    }
});
