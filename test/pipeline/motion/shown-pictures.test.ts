import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Micros, micros } from '../../../client-sdk/protocol/units.ts';
import { livePictures } from '../../../pipeline/codec/node-av-picture.ts';
import { tickPts } from '../../../pipeline/motion/clip-clock.ts';
import { type ShownPicture, ShownPictures } from '../../../pipeline/motion/shown-pictures.ts';
import type { Picture } from '../../../pipeline/types.ts';
import { decodeAll } from '../../support/decode-all.ts';
import { type MediaUnits, readMediaUnits } from '../../support/media-units.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const FIELDS_PER_SECOND = 12;
let media: MediaUnits;

beforeAll(async () => {
  media = await readMediaUnits(new URL('../../fixtures/media/motion-slices.h264', import.meta.url).pathname);
});
afterEach(() => expect(livePictures()).toBe(0));

/** A real picture at another time. */
function at(picture: Picture, pts: Micros): Picture {
  return Object.create(picture, {
    pts: { value: pts },
    clone: { value: () => at(picture.clone(), pts) },
    [Symbol.dispose]: { value: () => picture[Symbol.dispose]() },
  });
}

const note = async ({ picture, tick, nextPts }: ShownPicture) => ({ pts: picture.pts, tick, nextPts });

/** What is shown at the ticks of one clip with a picture at each of these times. */
async function shownOf(times: readonly Micros[], endPts: Micros) {
  const [first] = await decodeAll({ ...media, units: media.units.slice(0, 1) });
  using picture = first!;
  const clock = { keyframePts: times[0]!, fieldsPerSecond: FIELDS_PER_SECOND };
  using shown = new ShownPictures(at(picture, times[0]!), clock, note);
  const notes = [];
  for (const pts of times.slice(1)) notes.push(...(await shown.push(at(picture, pts))));
  notes.push(...(await shown.passTicks(endPts)));
  return notes;
}

/** The last picture at or before each tick, each where it is first shown; the keyframe is known. */
function expected(times: readonly Micros[], endPts: Micros) {
  const clock = { keyframePts: times[0]!, fieldsPerSecond: FIELDS_PER_SECOND };
  const notes: { pts: Micros; tick: number }[] = [];
  let before = times[0]!;
  for (let tick = 1; ; tick++) {
    const time = tickPts(clock, tick);
    const isSettled = times.some((pts) => pts > time) || time < endPts || times.includes(time);
    if (!isSettled) return notes;
    const pts = times.findLast((each) => each <= time)!;
    if (pts !== before) notes.push({ pts, tick });
    before = pts;
  }
}

describe('ShownPictures', () => {
  it.each([
    ['thirty pictures a second', (index: number) => (index * 1e6) / 30],
    ['as many as ticks', (index: number) => (index * 1e6) / 12],
    ['fewer than ticks', (index: number) => index * 210_000],
    ['uneven times', (index: number) => index * 40_000 + seededRandom(index)() * 30_000],
  ])('gives the last picture at or before each tick once: %s', async (_, timeOf) => {
    const times = Array.from({ length: 24 }, (__, index) => micros(5_000_000 + timeOf(index)));
    const endPts = micros(times.at(-1)! + 100_000);
    const notes = await shownOf(times, endPts);
    expect(notes.map(({ pts, tick }) => ({ pts, tick }))).toEqual(expected(times, endPts));
  });

  it('settles a picture at the very tick at once', async () => {
    const tick = micros(1e6 / FIELDS_PER_SECOND);
    expect(await shownOf([micros(0), tick], tick)).toEqual([{ pts: tick, tick: 1, nextPts: tick }]);
  });

  it('tells until when no other picture comes', async () => {
    const [later, end] = [micros(50_000), micros(400_000)];
    expect(await shownOf([micros(0), later], end)).toEqual([{ pts: later, tick: 1, nextPts: end }]);
  });
});
