import { describe, expect, it } from 'vitest';
import { Timeline } from '../../../pipeline/demux/timeline.ts';

const RATE = { framesPerSecond: 25, mayReorder: false };
const place = (timeline: Timeline, pts: number, dts: number | undefined = pts, options = RATE) =>
  timeline.place({ ptsMicros: pts, dtsMicros: dts }, options);

describe('the first picture', () => {
  it('has time 0 wherever the source begins', () => {
    expect(place(new Timeline(), 95_443_717_688.9)).toEqual({ type: 'placed', pts: 0, isJump: false });
  });

  it('leaves out what is presented before it', () => {
    const timeline = new Timeline();
    place(timeline, 200_000, 0);
    expect(place(timeline, 120_000, 40_000)).toEqual({ type: 'leading' });
    expect(place(timeline, 240_000, 80_000)).toMatchObject({ pts: 40_000 });
  });
});

describe('a jump', () => {
  it.each([
    ['back by one picture', 40_000, true],
    ['forward by ten seconds', 10_080_000, false],
    ['forward by more than ten seconds', 10_080_001, true],
  ])('%s', (_name, to, isJump) => {
    const timeline = new Timeline();
    for (const at of [0, 40_000, 80_000]) place(timeline, at);
    expect(place(timeline, to)).toEqual({ type: 'placed', pts: isJump ? 120_000 : to, isJump });
  });

  it('keeps the distances after it', () => {
    const timeline = new Timeline();
    for (const at of [5_000_000, 5_040_000]) place(timeline, at);
    expect([1000, 41_000, 121_000].map((at) => place(timeline, at))).toMatchObject([
      { pts: 80_000, isJump: true },
      { pts: 120_000, isJump: false },
      { pts: 200_000, isJump: false },
    ]);
  });

  it('leaves out leading pictures after it', () => {
    const timeline = new Timeline();
    for (const at of [5_000_000, 5_040_000]) place(timeline, at);
    expect(place(timeline, 200_000, 0)).toMatchObject({ pts: 80_000, isJump: true });
    expect(place(timeline, 160_000, 40_000)).toEqual({ type: 'leading' });
  });
});

it('does not take reordering for a jump', () => {
  const timeline = new Timeline();
  const order = [0, 160_000, 80_000, 40_000, 120_000, 320_000, 240_000];
  const places = order.map((pts) =>
    timeline.place({ ptsMicros: pts }, { framesPerSecond: undefined, mayReorder: true }),
  );
  expect(places).toEqual(order.map((pts) => ({ type: 'placed', pts, isJump: false })));
});

it('gives each time once', () => {
  const timeline = new Timeline();
  expect([0, 40_000, 40_000, 40_000].map((at) => place(timeline, at))).toMatchObject([
    { pts: 0 },
    { pts: 40_000 },
    { pts: 40_001 },
    { pts: 40_002 },
  ]);
});

it('rounds times, not the distances between them', () => {
  const timeline = new Timeline();
  const exact = Array.from({ length: 3001 }, (_, at) => (at * 1001 * 1e6) / 30_000);
  const places = exact.map((at) =>
    timeline.place({ ptsMicros: at + 77.7 }, { ...RATE, framesPerSecond: undefined }),
  );
  expect(places.at(-1)).toMatchObject({ pts: 100_100_000 });
});

it('spaces pictures without times by the last distance', () => {
  const timeline = new Timeline();
  for (const at of [0, 20_000]) timeline.place({ ptsMicros: at }, { ...RATE, framesPerSecond: undefined });
  expect(timeline.place({}, { ...RATE, framesPerSecond: undefined })).toMatchObject({ pts: 40_000 });
});
