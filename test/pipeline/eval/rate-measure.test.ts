import { describe, expect, it } from 'vitest';
import type { JournalMessage, TokenLayout } from '../../../client-sdk/protocol/messages.ts';
import { micros } from '../../../client-sdk/protocol/units.ts';
import { RateMeasure } from '../../../pipeline/eval/rate-measure.ts';

const layout: TokenLayout = {
  visual: { columns: 4, rows: 4, codebookSize: 4096, dynamic: false },
  motion: { columns: 2, rows: 2, fieldsPerChunk: 8, tokensPerChunk: 3, codebookSize: 1024 },
  llm: {
    text: 0,
    imageStart: 0,
    imageEnd: 0,
    visualOffset: 0,
    motionStart: 0,
    motionEnd: 0,
    motionOffset: 0,
  },
};
const common = { epoch: '01ARZ3NDEKTSV4RRFFQ69G5FAV', seq: 0, received: 0, emitted: 0, clip: 0 };
const visual = (fields: object): JournalMessage => ({
  ...common,
  type: 'visual',
  pts: 0,
  shot: 0,
  keyframe: 'coded',
  ids: [1, 2, 3, 3],
  ...fields,
});
const motion = (fields: object): JournalMessage => ({
  ...common,
  type: 'motion',
  pts: 0,
  chunk: 0,
  fields: 8,
  duration: 666_667,
  ids: [7, 7, 9],
  ...fields,
});

describe('RateMeasure', () => {
  it('counts ids and bits over the media time', () => {
    const rates = new RateMeasure(layout, { fieldsPerSecond: 12 });
    for (const message of [visual({}), motion({}), motion({ pts: 666_667, duration: 1_333_333, ids: [] })])
      rates.add(message);
    const figures = rates.figures();
    expect(figures.seconds).toBe(2);
    // Each of the three messages is enclosed by two ids.
    expect(figures.tokensPerSecond).toBe((7 + 6) / 2);
    expect(figures.bitsPerSecond).toBe((4 * 12 + 3 * 10) / 2);
    expect([figures.visualCodes, figures.motionCodes, figures.clips]).toEqual([3, 2, 1]);
    expect(figures.visualPerplexity).toBeCloseTo(2 ** 1.5, 12);
  });

  it('counts a bit for each cell where positions are sent', () => {
    const rates = new RateMeasure(layout, { fieldsPerSecond: 1 });
    rates.add(visual({ positions: 'DwA=' }));
    rates.add(visual({ ids: [1], positions: 'AQA=' }));
    expect(rates.figures()).toMatchObject({
      bitsPerSecond: 5 * 12 + 2 * 16,
      keyframeTokens: 2.5,
      // 64 and 28 bits.
      keyframeBytes: (8 + 4) / 2,
    });
  });

  it('tells the rate of tokens of a keyframe every two seconds, however far apart those of the file are', () => {
    const rates = new RateMeasure(layout, { fieldsPerSecond: 12 });
    rates.add(visual({}));
    rates.add(visual({ ids: [1, 2] }));
    rates.add(motion({}));
    rates.add(motion({ fields: 4, ids: [] }));
    // Keyframes of 6 and 4 ids; chunks of 5 and 2, the second half as long; three chunks begin in two seconds.
    const chunk = (5 * 8 + 2 * 4) / 12;
    expect(rates.figures().gopTokensPerSecond).toBeCloseTo((5 + 3 * chunk) / 2, 12);
  });

  it('counts SKIP ids among the tokens where the layout has them, and in no use of codes', () => {
    const llm = { ...layout.llm, skipOffset: 9 };
    const rates = new RateMeasure({ ...layout, llm }, { fieldsPerSecond: 1 });
    // Cells 2 and 15: SKIP2, id, SKIP12, id.
    rates.add(visual({ ids: [1, 2], positions: 'BIA=' }));
    expect(rates.figures()).toMatchObject({ tokensPerSecond: 6, keyframeTokens: 2, visualCodes: 2 });
  });

  it('counts gaps by reason, degraded messages, and the time of gaps as media time', () => {
    const rates = new RateMeasure(layout, { fieldsPerSecond: 12 });
    rates.add(visual({ degraded: true }));
    rates.add(motion({ degraded: true }));
    for (const reason of ['loss', 'decode', 'loss'] as const)
      rates.add({ ...common, type: 'gap', from: 1e6, to: 4e6, reason, dropped: 3 });
    expect(rates.figures()).toMatchObject({ gaps: 3, degraded: 2, seconds: 4 });
    expect(rates.gapsByReason).toEqual({ loss: 2, decode: 1 });
  });

  it('counts only the coded pictures that are shown before the end of the last message', () => {
    const rates = new RateMeasure(layout, { fieldsPerSecond: 2 });
    for (const pts of [0, 400_000, 500_000]) rates.addUnit({ pts: micros(pts), data: new Uint8Array(100) });
    rates.add(visual({}));
    expect(rates.figures().sourceBitsPerSecond).toBe((200 * 8) / 0.5);
  });

  it('has no rate without media', () => {
    const figures = new RateMeasure(layout, { fieldsPerSecond: 12 }).figures();
    const { tokensPerSecond, gopTokensPerSecond, bitsPerSecond, sourceBitsPerSecond } = figures;
    expect([tokensPerSecond, gopTokensPerSecond, bitsPerSecond, sourceBitsPerSecond]).toEqual(
      new Array(4).fill(null),
    );
  });
});
