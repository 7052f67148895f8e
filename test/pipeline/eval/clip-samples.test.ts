import { describe, expect, it } from 'vitest';
import { ClipSamples } from '../../../pipeline/eval/clip-samples.ts';
import { clipSample } from '../../support/clip-sample.ts';

const collect = (count: number, keep: { worst: number; spread: number }): ClipSamples => {
  const samples = new ClipSamples(keep);
  for (let at = 0; at < count; at++) samples.add(clipSample((at * 7) % 10, at));
  return samples;
};
const secondsOf = (clips: ClipSamples['worst']): number[] => clips.map(({ keyframe }) => keyframe.seconds);

describe('ClipSamples', () => {
  it('keeps the worst, of equals the first', () => {
    // 0 7 4 1 8 5 2 9 6 3, and again.
    expect(secondsOf(collect(20, { worst: 3, spread: 0 }).worst)).toEqual([0, 10, 3]);
  });

  it('keeps clips that are spread evenly, whatever their number', () => {
    const spread = (count: number): number[] => secondsOf(collect(count, { worst: 0, spread: 2 }).spread);
    expect(spread(1)).toEqual([0]);
    expect(spread(2)).toEqual([0, 1]);
    expect(spread(6)).toEqual([1, 4]);
    const [early, late] = spread(1000) as [number, number];
    expect(early).toBeGreaterThan(150);
    expect(early).toBeLessThan(350);
    expect(late).toBeGreaterThan(650);
    expect(late).toBeLessThan(850);
  });

  it('keeps none where none are wanted', () => {
    expect(collect(9, { worst: 5, spread: 0 }).spread).toEqual([]);
  });
});
