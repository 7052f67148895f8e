import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OverloadedError } from '../../../pipeline/errors.ts';
import type { OnnxTokenEncoder } from '../../../pipeline/models/onnx-token-encoder.ts';
import {
  CELLS,
  complete,
  idOf,
  live,
  motionIdOf,
  moving,
  noisy,
  openEncoder,
  PIXELS,
  plain,
} from '../../support/encoder-items.ts';
import { copyTinyPack, TINY_PACK } from '../../support/packs.ts';

describe('a token encoder with one worker', () => {
  let encoder: OnnxTokenEncoder;
  beforeAll(async () => {
    encoder = await openEncoder(TINY_PACK, { workers: 1, provider: 'cpu', maxWaiting: 20 });
  });
  afterAll(() => encoder.close());

  it('tells what ids depend on', () => {
    expect(encoder.provider).toEqual({ name: 'cpu', reason: 'cpu was asked for' });
    expect(encoder.runtime).toMatchObject({ onnxruntime: '1.30.0', threads: 1 });
    expect(encoder.runtime.processor).toContain(process.arch);
    expect(encoder.batch.size).toBe(1);
  });

  it('normalizes pixels as the manifest says', async () => {
    const { ids, positions } = await encoder.encodeKeyframe(plain(255, 128, 0), live);
    expect(ids).toBeInstanceOf(Uint32Array);
    expect(new Set(ids)).toEqual(new Set([idOf(255, 128, 0)]));
    expect(ids.length).toBe(256);
    expect(positions).toBeUndefined();
  });

  it('gives ids row by row', async () => {
    const picture = plain(0, 0, 0);
    picture.pixels.fill(255, 0, 16 * 256 * 3);
    const { ids } = await encoder.encodeKeyframe(picture, live);
    expect([...ids.subarray(0, 17)]).toEqual([...Array(16).fill(4095), 0]);
  });

  it('normalizes motion and leaves masked cells out', async () => {
    const chunk = moving(0.004, -0.007);
    for (let cell = 0; cell < CELLS; cell += 2) {
      chunk.mask[cell] = 0;
      chunk.motion[cell] = 100;
    }
    const ids = await encoder.encodeMotion(chunk, live);
    expect(ids.length).toBe(45);
    expect(new Set(ids)).toEqual(new Set([motionIdOf(0.004, -0.007)]));
  });

  it('borrows its input: the caller may go on using it', async () => {
    const picture = plain(255, 255, 255);
    const encoding = encoder.encodeKeyframe(picture, live);
    expect(picture.pixels.byteLength).toBe(PIXELS * 3);
    picture.pixels.fill(0);
    expect((await encoding).ids[0]).toBe(4095);
  });

  it('copies a part of a larger buffer, and no more', async () => {
    const pool = Buffer.alloc(PIXELS * 3 + 64, 255);
    const { ids } = await encoder.encodeKeyframe({ pixels: pool.subarray(64) }, live);
    expect(ids[0]).toBe(4095);
    expect(pool.length).toBe(PIXELS * 3 + 64);
  });

  it('does live work before complete work, each in order of arrival', async () => {
    const order: string[] = [];
    const note = (name: string) => () => order.push(name);
    const picture = noisy(1);
    const chunk = moving(0, 0);
    await Promise.all([
      encoder.encodeMotion(chunk, complete).then(note('first, runs at once')),
      encoder.encodeMotion(chunk, complete).then(note('complete motion')),
      encoder.encodeKeyframe(picture, complete).then(note('complete keyframe')),
      encoder.encodeMotion(chunk, live).then(note('live motion')),
      encoder.encodeKeyframe(picture, live).then(note('live keyframe')),
      encoder.encodeKeyframe(picture, live).then(note('second live keyframe')),
    ]);
    expect(order).toEqual([
      'first, runs at once',
      'live motion',
      'live keyframe',
      'second live keyframe',
      'complete motion',
      'complete keyframe',
    ]);
  });

  it('takes an aborted item out of the queue and leaves a running one alone', async () => {
    const running = new AbortController();
    const waiting = new AbortController();
    const before = encoder.stats.done.keyframe;
    const first = encoder.encodeKeyframe(plain(255, 255, 255), { ...live, signal: running.signal });
    const second = encoder.encodeKeyframe(plain(0, 0, 0), { ...live, signal: waiting.signal });
    expect(encoder.pending).toBe(2);
    running.abort();
    waiting.abort(new Error('no longer wanted'));
    expect(encoder.pending).toBe(1);
    await expect(second).rejects.toThrow('no longer wanted');
    expect((await first).ids[0]).toBe(4095);
    expect(encoder.stats.done.keyframe).toBe(before + 1);
    const aborted = AbortSignal.abort(new Error('never wanted'));
    await expect(encoder.encodeKeyframe(plain(0, 0, 0), { ...live, signal: aborted })).rejects.toThrow(
      'never wanted',
    );
  });

  it('refuses the item that is one too many, and goes on', async () => {
    const chunk = moving(0, 0);
    const accepted = Array.from({ length: 21 }, () => encoder.encodeMotion(chunk, live));
    await expect(encoder.encodeMotion(chunk, live)).rejects.toBeInstanceOf(OverloadedError);
    expect((await Promise.all(accepted)).length).toBe(21);
    expect(encoder.pending).toBe(0);
  });

  it('leaves the event loop free while it runs', async () => {
    let turns = 0;
    let isRunning = true;
    const turn = (): void => {
      turns += 1;
      if (isRunning) setImmediate(turn);
    };
    setImmediate(turn);
    const items = 15;
    await Promise.all(Array.from({ length: items }, (_, seed) => encoder.encodeKeyframe(noisy(seed), live)));
    isRunning = false;
    // Runs on this thread would leave two or three turns to each item.
    expect(turns).toBeGreaterThan(items * 5);
  });

  it('refuses input of a wrong size', async () => {
    await expect(encoder.encodeKeyframe({ pixels: new Uint8Array(12) }, live)).rejects.toThrow(
      'a keyframe must hold 196608 bytes, got 12',
    );
    await expect(
      encoder.encodeMotion({ motion: new Float32Array(4), mask: new Uint8Array(CELLS) }, live),
    ).rejects.toThrow(`a chunk must hold ${2 * CELLS} values, got 4`);
  });
});

describe('a token encoder with two workers', () => {
  it('gives an item the same ids whichever worker has it and whatever is beside it', async () => {
    await using encoder = await openEncoder(TINY_PACK, { workers: 2, provider: 'cpu' });
    expect(encoder.stats.threads).toBe(2);
    const picture = noisy(7);
    const alone = await encoder.encodeKeyframe(picture, live);
    const crowd = Array.from({ length: 12 }, (_, at) =>
      at % 3 === 1 ? encoder.encodeKeyframe(noisy(at), complete) : encoder.encodeKeyframe(picture, live),
    );
    const all = await Promise.all(crowd);
    for (const [at, tokens] of all.entries()) if (at % 3 !== 1) expect(tokens, `item ${at}`).toEqual(alone);
    expect(all[1]).not.toEqual(alone);
  });
});

describe('opening', () => {
  it('fails with the rule that the pack breaks', async () => {
    await using copy = await copyTinyPack();
    await copy.edit((manifest) => {
      manifest.visual.columns = 8;
    });
    await expect(openEncoder(copy.folder, { workers: 2 })).rejects.toMatchObject({
      code: 'bad-pack',
      message: expect.stringContaining('output ids must have the shape [N, 128]'),
    });
  });

  it('fails with what a graph gives beyond its codebook', async () => {
    await using copy = await copyTinyPack();
    await copy.edit((manifest) => {
      manifest.visual.codebookSize = 100;
    });
    await expect(openEncoder(copy.folder, { workers: 1 })).rejects.toThrow('ids must be 0 to 99');
  });
});
