import { describe, expect, it } from 'vitest';
import { live, noisy, openEncoder } from '../../support/encoder-items.ts';
import { COUPLED_PACK, TINY_PACK } from '../../support/packs.ts';

describe('a batch of four', () => {
  it('is used where warm-up finds that neighbours change no id', async () => {
    await using encoder = await openEncoder(TINY_PACK, { workers: 1, provider: 'cpu', batchSize: 4 });
    expect(encoder.batch).toEqual({ size: 4, reason: 'neighbours change no id in any slot' });
    const alone = await encoder.encodeKeyframe(noisy(1), live);
    const together = await Promise.all(
      [3, 1, 2, 1, 4].map((seed) => encoder.encodeKeyframe(noisy(seed), live)),
    );
    expect(together[1]).toEqual(alone);
    expect(together[3]).toEqual(alone);
    expect(together[0]).not.toEqual(alone);
  });

  it('is given up where a neighbour changes an id, and the reason says which', async () => {
    await using encoder = await openEncoder(COUPLED_PACK, { workers: 1, provider: 'cpu', batchSize: 4 });
    expect(encoder.batch.size).toBe(1);
    expect(encoder.batch.reason).toMatch(/neighbours change ids \(id \d+ of a keyframe in slot 0 of 4 is/);
    const alone = await encoder.encodeKeyframe(noisy(1), live);
    const [beside] = await Promise.all([1, 2].map((seed) => encoder.encodeKeyframe(noisy(seed), live)));
    expect(beside).toEqual(alone);
  });
});
