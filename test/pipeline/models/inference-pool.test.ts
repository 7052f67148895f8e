import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { DisposedError, ModelError } from '../../../pipeline/errors.ts';
import type { ThreadEvent } from '../../../pipeline/models/inference-pool.ts';
import {
  startInferenceThread,
  type TokenEncoderOptions,
} from '../../../pipeline/models/onnx-token-encoder.ts';
import { openWorker } from '../../../pipeline/models/worker-entry.ts';
import { live, moving, noisy, openEncoder, PIXELS, plain } from '../../support/encoder-items.ts';
import { TINY_PACK } from '../../support/packs.ts';

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
    await using encoder = await openEncoder(TINY_PACK, {
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
    await using encoder = await openEncoder(TINY_PACK, {
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
    const encoder = await openEncoder(TINY_PACK, {
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
