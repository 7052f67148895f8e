import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { freeIdleScalers } from '../../../pipeline/codec/picture-scaler.ts';
import type { Picture } from '../../../pipeline/types.ts';
import { decodeAll } from '../../support/decode-all.ts';
import { readMediaUnits } from '../../support/media-units.ts';
import { readPng } from '../../support/read-png.ts';

/** How far a tone may be from the training's, of 255. */
const TOLERANCE = 2;

const fixture = (name: string): URL => new URL(`../../fixtures/${name}`, import.meta.url);

/** The photograph that `training/scaler.py` scaled, as the pipeline decodes it. */
async function openPhotograph(): Promise<Picture> {
  const [picture, ...others] = await decodeAll(
    await readMediaUnits(fixture('media/photograph-720p.h264').pathname),
  );
  expect(others).toEqual([]);
  return picture!;
}

function greatestDifference(actual: Uint8Array, expected: Uint8Array): number {
  expect(actual).toHaveLength(expected.length);
  return actual.reduce((most, tone, at) => Math.max(most, Math.abs(tone - expected[at]!)), 0);
}

afterEach(() => freeIdleScalers());

test('a photograph has the pixels that the training gives its networks', async () => {
  const { widthPx, heightPx, rgb } = readPng(readFileSync(fixture('golden/photograph-256.png')));
  using picture = await openPhotograph();
  expect(greatestDifference(await picture.toRgb({ widthPx, heightPx }), rgb)).toBeLessThanOrEqual(TOLERANCE);
});

test('a photograph has the luma that the training gives its networks', async () => {
  const { widthPx, heightPx, rgb } = readPng(readFileSync(fixture('golden/photograph-72x40.png')));
  const luma = rgb.filter((_, at) => at % 3 === 0);
  using picture = await openPhotograph();
  expect(greatestDifference(await picture.toLuma({ widthPx, heightPx }), luma)).toBeLessThanOrEqual(
    TOLERANCE,
  );
});
