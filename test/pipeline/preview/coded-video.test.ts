import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { micros } from '../../../client-sdk/protocol/units.ts';
import { openNodeAvVideoEncoder } from '../../../pipeline/codec/node-av-video-encoder.ts';
import type { OpenVideoEncoder } from '../../../pipeline/codec/video-encoder.ts';
import { CodedVideo } from '../../../pipeline/preview/coded-video.ts';
import type { PreviewUnit, ShownPicture } from '../../../pipeline/preview/preview.ts';
import { decodeUnits } from '../../support/decode-video.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const SIZE = { widthPx: 64, heightPx: 64 };
const STEP_US = 83_333;

const grey = (index: number, overrides: Partial<ShownPicture> = {}): ShownPicture => ({
  pts: micros(index * STEP_US),
  ...SIZE,
  rgb: new Uint8Array(64 * 64 * 3).fill(40 + index),
  ...overrides,
});

/** A video of real H.264 in virtual time. */
function setUp(openEncoder: OpenVideoEncoder = openNodeAvVideoEncoder) {
  const clock = new VirtualClock();
  const shown = new Subject<ShownPicture>();
  const releases: Promise<void>[] = [];
  const faults: unknown[] = [];
  const opened: object[] = [];
  let open = 0;
  let newest: ShownPicture | undefined;
  const video = new CodedVideo(shown, {
    codec: 'h264',
    source: SIZE,
    framesPerSecond: 12,
    openEncoder: async (options) => {
      opened.push(options.target);
      open += 1;
      const encoder = await openEncoder(options);
      return {
        encode: (picture) => encoder.encode(picture),
        [Symbol.dispose]: () => {
          open -= 1;
          encoder[Symbol.dispose]();
        },
      };
    },
    latest: () => newest,
    ...clock,
    onFault: (fault) => faults.push(fault),
    onRelease: (release) => releases.push(release),
  });
  const watch = () => {
    const units: PreviewUnit[] = [];
    const subscription = video.units$.subscribe((unit) => units.push(unit));
    return { units, subscription };
  };
  /** Shows a picture and waits until it is coded. */
  const show = async (picture: ShownPicture): Promise<void> => {
    const { units } = video.counts;
    newest = picture;
    shown.next(picture);
    await expect.poll(() => video.counts.units, { interval: 1 }).toBe(units + 1);
  };
  const advance = async (ms: number, expected: number): Promise<void> => {
    const { units } = video.counts;
    clock.advance(ms);
    await expect.poll(() => video.counts.units, { interval: 1 }).toBe(units + expected);
  };
  return { clock, shown, video, watch, show, advance, releases, faults, opened, encoders: () => open };
}

describe('a coded video', () => {
  it('runs once for all who subscribe, and only while somebody does', async () => {
    const { video, watch, show, releases, opened, encoders, shown } = setUp();
    shown.next(grey(0));
    expect(video.counts).toMatchObject({ isRunning: false, units: 0 });
    const viewers = [watch(), watch(), watch()];
    await show(grey(1));
    await show(grey(2));
    for (const { units } of viewers) expect(units).toEqual(viewers[0]!.units);
    expect(viewers[0]!.units.map(({ isKeyframe }) => isKeyframe)).toEqual([true, false]);
    expect(video.counts).toMatchObject({ isRunning: true, units: 2, keyframes: 1 });
    expect(opened).toHaveLength(1);
    for (const { subscription } of viewers) subscription.unsubscribe();
    await Promise.all(releases);
    expect([video.counts.isRunning, encoders()]).toEqual([false, 0]);
    shown.next(grey(3));
    expect(video.counts.units).toBe(2);
  });

  it('begins with the picture that is shown, as a keyframe', async () => {
    const { video, watch, show, releases } = setUp();
    const first = watch();
    await show(grey(0));
    first.subscription.unsubscribe();
    await Promise.all(releases);
    const { units } = watch();
    await expect.poll(() => units.length).toBe(1);
    expect(units[0]).toMatchObject({ isKeyframe: true, timestampUs: 0 });
    expect(video.counts.keyframes).toBe(2);
  });

  it('codes a picture again while no other comes, so that players go on', async () => {
    const { watch, show, advance, clock } = setUp();
    const { units } = watch();
    await show(grey(0));
    await advance(500, 1);
    await advance(500, 1);
    clock.advance(83);
    await show(grey(13));
    expect(units.map(({ timestampUs }) => timestampUs)).toEqual([0, 500_000, 1_000_000, 13 * STEP_US]);
    const decoded = await decodeUnits('h264', units);
    const [a, b, c, d] = decoded.map(({ rgb }) => rgb[0]!);
    expect([Math.abs(a! - b!), Math.abs(a! - c!)].every((difference) => difference < 3)).toBe(true);
    expect(d! - a!).toBeGreaterThan(8);
  });

  it('answers many requests for keyframes by one, at once or half a second after the last', async () => {
    const { video, watch, show, advance, clock } = setUp();
    const { units } = watch();
    await show(grey(0));
    for (let viewer = 0; viewer < 20; viewer += 1) video.requestKeyframe();
    clock.advance(83);
    await show(grey(1));
    clock.advance(83);
    await show(grey(2));
    await advance(500 - 166, 1);
    expect(units.map(({ isKeyframe }) => isKeyframe)).toEqual([true, false, false, true]);
    // Media time of the picture before, and the clock since.
    expect(units.at(-1)!.timestampUs).toBe(2 * STEP_US + 334_000);
    expect(video.counts).toMatchObject({ keyframes: 2, keyframeRequests: 20 });
    await advance(500, 1);
    await advance(500, 1);
    expect(units.slice(4).map(({ isKeyframe }) => isKeyframe)).toEqual([false, false]);
    video.requestKeyframe();
    await advance(0, 1);
    expect(units.at(-1)!.isKeyframe).toBe(true);
    expect(video.counts.keyframes).toBe(3);
  });

  it('begins anew with a keyframe where the size changes', async () => {
    const { watch, show, opened, encoders } = setUp();
    const { units } = watch();
    await show(grey(0));
    await show(grey(1, { widthPx: 32 }));
    expect(units.map(({ isKeyframe }) => isKeyframe)).toEqual([true, true]);
    expect(opened).toEqual([SIZE, { widthPx: 32, heightPx: 64 }]);
    expect(encoders()).toBe(1);
  });

  it('drops pictures, the oldest first, where coding takes too long', async () => {
    const { video, watch, shown, clock } = setUp();
    const { units } = watch();
    for (let index = 0; index < 5; index += 1) {
      shown.next(grey(index));
      clock.advance(83);
    }
    await expect.poll(() => units.length).toBe(2);
    expect(units.map(({ timestampUs }) => timestampUs)).toEqual([0, 4 * STEP_US]);
    expect(video.counts).toMatchObject({ units: 2, dropped: 3 });
  });

  it('goes on with a new encoder and a keyframe after a fault, which it tells', async () => {
    let isBroken = false;
    const { watch, show, shown, faults, encoders } = setUp(async (options) => {
      const encoder = await openNodeAvVideoEncoder(options);
      return {
        encode: (picture) => (isBroken ? Promise.reject(new Error('no memory')) : encoder.encode(picture)),
        [Symbol.dispose]: () => encoder[Symbol.dispose](),
      };
    });
    const { units } = watch();
    await show(grey(0));
    isBroken = true;
    shown.next(grey(1));
    await expect.poll(() => faults).toEqual([new Error('no memory')]);
    isBroken = false;
    await show(grey(2));
    expect(units.map(({ isKeyframe }) => isKeyframe)).toEqual([true, true]);
    expect(encoders()).toBe(1);
  });

  it('completes with the pictures and releases what it held', async () => {
    const { video, shown, show, releases, encoders, clock } = setUp();
    let isComplete = false;
    video.units$.subscribe({ complete: () => (isComplete = true) });
    await show(grey(0));
    shown.complete();
    await Promise.all(releases);
    expect([isComplete, encoders(), clock.timers]).toEqual([true, 0, 0]);
  });
});
