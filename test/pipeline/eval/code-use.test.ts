import { describe, expect, it } from 'vitest';
import { CodeUse } from '../../../pipeline/eval/code-use.ts';

describe('CodeUse', () => {
  it('has the perplexity of the number of codes where all are used alike', () => {
    const use = new CodeUse(16);
    use.add([0, 5, 9, 15]);
    use.add([15, 9, 5, 0]);
    expect(use.perplexity).toBeCloseTo(4, 12);
    expect([use.used, use.total]).toEqual([4, 8]);
  });

  it('has less where one is used more often', () => {
    const use = new CodeUse(4);
    use.add([0, 0, 0, 1]);
    // Entropy of (3/4, 1/4).
    expect(use.perplexity).toBeCloseTo(2 ** 0.811278124459, 9);
  });

  it('has none without ids', () => {
    expect(new CodeUse(4).perplexity).toBeNull();
  });

  it('counts what others have counted', () => {
    const [all, other] = [new CodeUse(8), new CodeUse(8)];
    all.add([0, 1]);
    other.add([2, 3, 3, 3]);
    all.merge(other);
    expect([all.total, all.used]).toEqual([6, 4]);
    // Entropy of (1/6, 1/6, 1/6, 1/2).
    expect(all.perplexity).toBeCloseTo(2 ** (0.5 * Math.log2(6) + 0.5), 12);
    expect(() => all.merge(new CodeUse(4))).toThrow('must have 8 entries, got 4');
  });

  it('refuses an id that the codebook has not', () => {
    expect(() => new CodeUse(4).add([4])).toThrow('below 4, got 4');
  });
});
