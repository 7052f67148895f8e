import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellsOf } from '../../../client-sdk/protocol/positions.ts';
import { DisposedError, ModelError, OverloadedError } from '../../../pipeline/errors.ts';
import type { ThreadEvent } from '../../../pipeline/models/inference-pool.ts';
import {
  createTokenEncoder,
  type OnnxTokenEncoder,
  startInferenceThread,
  type TokenEncoderOptions,
} from '../../../pipeline/models/onnx-token-encoder.ts';
import { loadPack } from '../../../pipeline/models/pack.ts';
import { openWorker } from '../../../pipeline/models/worker-entry.ts';
import {
  COUPLED_DYNAMIC_PACK,
  COUPLED_PACK,
  copyTinyPack,
  DYNAMIC_PACK,
  LADDER,
  LADDER_PACK,
  TINY_PACK,
} from '../../support/packs.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const PIXELS = 256 * 256;
const CELLS = 8 * 20 * 36;
const live = { isLive: true };
const complete = { isLive: false };

/** A keyframe of one colour; the tiny pack's ids are 4 bits each of red, green and blue. */
const plain = (red: number, green: number, blue: number) => ({
  pixels: Uint8Array.from({ length: PIXELS * 3 }, (_, at) => [red, green, blue][at % 3]!),
});
const idOf = (red: number, green: number, blue: number): number =>
  [red, green, blue].reduce((id, value) => id * 16 + Math.round((value * 15) / 255), 0);

const noisy = (seed: number) => {
  const random = seededRandom(seed);
  return { pixels: Uint8Array.from({ length: PIXELS * 3 }, () => random() * 256) };
};
const moving = (dx: number, dy: number) => ({
  motion: Float32Array.from({ length: 2 * CELLS }, (_, at) => (at < CELLS ? dx : dy)),
  mask: new Uint8Array(CELLS).fill(1),
});
const motionIdOf = (dx: number, dy: number): number =>
  32 * (Math.round(5 * Math.asinh(dx / 0.004)) + 15) + Math.round(5 * Math.asinh(dy / 0.007)) + 15;

const open = async (folder: string, options?: TokenEncoderOptions): Promise<OnnxTokenEncoder> =>
  createTokenEncoder(await loadPack(folder), options);

describe('a token encoder with one worker', () => {
  let encoder: OnnxTokenEncoder;
  beforeAll(async () => {
    encoder = await open(TINY_PACK, { workers: 1, provider: 'cpu', maxWaiting: 20 });
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
    await using encoder = await open(TINY_PACK, { workers: 2, provider: 'cpu' });
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

describe('a batch of four', () => {
  it('is used where warm-up finds that neighbours change no id', async () => {
    await using encoder = await open(TINY_PACK, { workers: 1, provider: 'cpu', batchSize: 4 });
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
    await using encoder = await open(COUPLED_PACK, { workers: 1, provider: 'cpu', batchSize: 4 });
    expect(encoder.batch.size).toBe(1);
    expect(encoder.batch.reason).toMatch(/neighbours change ids \(id \d+ of a keyframe in slot 0 of 4 is/);
    const alone = await encoder.encodeKeyframe(noisy(1), live);
    const [beside] = await Promise.all([1, 2].map((seed) => encoder.encodeKeyframe(noisy(seed), live)));
    expect(beside).toEqual(alone);
  });
});

describe('a pack of dynamic length', () => {
  it('gives ids with their cells by the default of the pack', async () => {
    await using encoder = await open(DYNAMIC_PACK, { workers: 1, provider: 'cpu' });
    expect(encoder.keyframeTokens).toBe(128);
    const { ids, positions } = await encoder.encodeKeyframe(noisy(1), live);
    expect(ids.length).toBe(256);
    expect(cellsOf(positions!)).toHaveLength(256);
    const flat = await encoder.encodeKeyframe(plain(255, 128, 0), live);
    expect(flat).toEqual({ ids: new Uint32Array(), positions: Buffer.alloc(32).toString('base64') });
  });

  it('gives at most twice as many as were asked for, in batches too', async () => {
    await using encoder = await open(DYNAMIC_PACK, {
      workers: 1,
      provider: 'cpu',
      batchSize: 4,
      keyframeTokens: 40,
    });
    expect(encoder).toMatchObject({ keyframeTokens: 40, batch: { size: 4 } });
    const alone = await encoder.encodeKeyframe(noisy(1), live);
    expect(alone.ids.length).toBe(80);
    const together = await Promise.all([3, 1, 2].map((seed) => encoder.encodeKeyframe(noisy(seed), live)));
    expect(together[1]).toEqual(alone);
    expect(together[0]!.positions).not.toBe(alone.positions);
  });

  it('goes without batches where a neighbour changes which cells get an id', async () => {
    await using encoder = await open(COUPLED_DYNAMIC_PACK, { workers: 1, provider: 'cpu', batchSize: 4 });
    expect(encoder.batch).toEqual({
      size: 1,
      reason:
        'neighbours change ids (positions of a keyframe in slot 0 of 4 differ beside neighbours and alone)',
    });
  });

  it('is asked for a number that it does not have, or a pack of fixed length for any, and refuses', async () => {
    await expect(open(DYNAMIC_PACK, { keyframeTokens: 31 })).rejects.toMatchObject({
      code: 'bad-config',
      message: 'keyframeTokens must be a whole number of 32 to 256 for the pack pack-dynamic, got 31',
    });
    await expect(open(TINY_PACK, { keyframeTokens: 128 })).rejects.toMatchObject({
      code: 'bad-config',
      message:
        'keyframeTokens needs a pack of dynamic length, got 128 for pack-tiny, whose keyframes have 256 ids',
    });
  });
});

describe('a pack with a ladder of grids', () => {
  const CPU = { workers: 1, provider: 'cpu' } as const;
  /** The right half green, the left one red above blue. */
  const quarters = {
    pixels: Uint8Array.from({ length: PIXELS * 3 }, (_, at) => {
      const pixel = Math.floor(at / 3);
      const left = pixel < PIXELS / 2 ? 0 : 2;
      return at % 3 === (pixel % 256 < 128 ? left : 1) ? 255 : 0;
    }),
  };

  it('gives the ids of the default grid, and tells how many', async () => {
    await using encoder = await open(LADDER_PACK, CPU);
    expect(encoder.keyframeTokens).toBe(108);
    expect(await encoder.encodeKeyframe(plain(255, 128, 0), live)).toEqual({
      ids: new Uint32Array(108).fill(idOf(255, 128, 0)),
    });
  });

  it.each(LADDER)('lays ids on $columns columns and $rows rows', async ({ columns, rows }) => {
    await using encoder = await open(LADDER_PACK, { ...CPU, keyframeTokens: columns * rows });
    const { ids } = await encoder.encodeKeyframe(quarters, live);
    expect(ids).toHaveLength(columns * rows);
    const corners = [0, columns - 1, columns * (rows - 1), columns * rows - 1].map((cell) => ids[cell]);
    expect(corners).toEqual([0xf00, 0x0f0, 0x00f, 0x0f0]);
    expect(ids.filter((id) => id === 0x0f0)).toHaveLength((columns / 2) * rows);
  });

  it('gives on the largest grid what the same net of one size gives', async () => {
    await using encoder = await open(LADDER_PACK, { ...CPU, keyframeTokens: 256 });
    await using single = await open(TINY_PACK, CPU);
    for (const seed of [1, 2])
      expect(await encoder.encodeKeyframe(noisy(seed), live)).toEqual(
        await single.encodeKeyframe(noisy(seed), live),
      );
  });

  it('takes the largest grid with no more ids than were asked for, in batches too', async () => {
    await using batched = await open(LADDER_PACK, { ...CPU, batchSize: 4, keyframeTokens: 255 });
    expect(batched).toMatchObject({ keyframeTokens: 108, batch: { size: 4 } });
    await using single = await open(LADDER_PACK, { ...CPU, keyframeTokens: 108 });
    const together = await Promise.all([3, 1, 2].map((seed) => batched.encodeKeyframe(noisy(seed), live)));
    const alone = [];
    for (const seed of [3, 1, 2]) alone.push(await single.encodeKeyframe(noisy(seed), live));
    expect(together).toEqual(alone);
    expect(together[0]!.ids).not.toEqual(together[1]!.ids);
  });

  it.each([63, 257])('refuses %i ids', async (keyframeTokens) => {
    await expect(open(LADDER_PACK, { keyframeTokens })).rejects.toMatchObject({ code: 'bad-config' });
  });
});

describe('a worker that dies', () => {
  const startMisbehaving: TokenEncoderOptions['startThread'] = (setup) =>
    openWorker(new URL('../../support/misbehaving-inference-worker.ts', import.meta.url), {
      workerData: setup,
    });
  const poison = { pixels: new Uint8Array(PIXELS * 3).fill(6) };

  it('takes only its own item down and is replaced, warm', async () => {
    const events: ThreadEvent[] = [];
    let tellReplaced = (): void => undefined;
    const replaced = new Promise<void>((resolve) => {
      tellReplaced = resolve;
    });
    const onThread = (event: ThreadEvent): void => {
      events.push(event);
      if (event.type === 'replaced') tellReplaced();
    };
    await using encoder = await open(TINY_PACK, {
      workers: 2,
      provider: 'cpu',
      onThread,
      startThread: startMisbehaving,
    });
    const doomed = encoder.encodeKeyframe(poison, live);
    const others = Array.from({ length: 6 }, () => encoder.encodeKeyframe(plain(255, 255, 255), live));
    await expect(doomed).rejects.toMatchObject({
      code: 'model-failed',
      message: 'a worker thread ended with code 66',
    });
    for (const { ids } of await Promise.all(others)) expect(ids[0]).toBe(4095);
    await replaced;
    expect(events.map(({ type }) => type)).toEqual(['lost', 'replaced']);
    expect(encoder.stats).toMatchObject({ threads: 2, restarts: 1, failed: 1, waiting: 0, running: 0 });
    expect((await encoder.encodeKeyframe(plain(0, 0, 0), live)).ids[0]).toBe(0);
  });

  it('and cannot be replaced lets what waits fail, and all that comes later', async () => {
    const events: ThreadEvent[] = [];
    let started = 0;
    await using encoder = await open(TINY_PACK, {
      workers: 1,
      provider: 'cpu',
      onThread: (event) => events.push(event),
      startThread: (setup) =>
        started++ === 0 ? startMisbehaving(setup) : new Worker('process.exit(3)', { eval: true }),
    });
    const doomed = encoder.encodeKeyframe(poison, live);
    const waiting = encoder.encodeKeyframe(plain(0, 0, 0), live);
    await expect(doomed).rejects.toBeInstanceOf(ModelError);
    await expect(waiting).rejects.toMatchObject({
      code: 'model-failed',
      message: 'no inference thread can be started: a worker thread ended with code 3',
    });
    await expect(encoder.encodeMotion(moving(0, 0), live)).rejects.toBeInstanceOf(ModelError);
    expect(started).toBe(7);
    expect(events.at(-1)?.type).toBe('given-up');
  });
});

describe('closing', () => {
  it('rejects what waits and runs, ends every thread, and can be asked for twice', async () => {
    const threads: Worker[] = [];
    const encoder = await open(TINY_PACK, {
      workers: 2,
      provider: 'cpu',
      startThread: (setup) => {
        const thread = startInferenceThread(setup);
        threads.push(thread);
        return thread;
      },
    });
    const exits = threads.map((thread) => new Promise((resolve) => thread.once('exit', resolve)));
    const pending = Array.from({ length: 6 }, () => encoder.encodeKeyframe(noisy(1), live));
    const closing = encoder.close();
    expect(encoder.close()).toBe(closing);
    for (const result of await Promise.allSettled(pending))
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(DisposedError) });
    await closing;
    expect(await Promise.all(exits)).toEqual([0, 0]);
    await expect(encoder.encodeKeyframe(noisy(1), live)).rejects.toBeInstanceOf(DisposedError);
    expect(encoder.stats).toMatchObject({ threads: 0, waiting: 0, running: 0 });
  });
});

describe('opening', () => {
  it('fails with the rule that the pack breaks', async () => {
    await using copy = await copyTinyPack();
    await copy.edit((manifest) => {
      manifest.visual.columns = 8;
    });
    await expect(open(copy.folder, { workers: 2 })).rejects.toMatchObject({
      code: 'bad-pack',
      message: expect.stringContaining('output ids must have the shape [N, 128]'),
    });
  });

  it('fails with what a graph gives beyond its codebook', async () => {
    await using copy = await copyTinyPack();
    await copy.edit((manifest) => {
      manifest.visual.codebookSize = 100;
    });
    await expect(open(copy.folder, { workers: 1 })).rejects.toThrow('ids must be 0 to 99');
  });
});
