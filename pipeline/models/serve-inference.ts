import type { MessagePort } from 'node:worker_threads';
import { env } from 'onnxruntime-node';
import { reasonOf, TokenizerError } from '../errors.ts';
import { createEncoderEngine, type EncoderEngine } from './encoder-engine.ts';
import type { FromWorker, ToWorker, WorkerReady, WorkerSetup } from './inference-messages.ts';
import { chooseProvider, isProviderInstalled, type ProviderChoice } from './provider-choice.ts';
import { findNeighbourEffect, timeEngine } from './warm-up.ts';

/** A GPU gains by company; on a CPU a batch gains nothing and changes last bits (measured, see the design). */
const GPU_BATCH_SIZE = 8;
const TRIAL_ROUNDS = 5;

/** The life of an inference thread: chooses the provider, opens and warms the encoders, answers runs until `close`. */
export async function serveInference(port: MessagePort, setup: WorkerSetup): Promise<void> {
  const send = (message: FromWorker, transfer: ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer);
  let opened: { engine: EncoderEngine; ready: WorkerReady };
  try {
    opened = await openEngine(setup);
  } catch (error) {
    const code = error instanceof TokenizerError ? error.code : 'model-failed';
    const isKnown = code === 'bad-pack' || code === 'bad-config';
    send({ type: 'refused', code: isKnown ? code : 'model-failed', detail: reasonOf(error) });
    return;
  }
  const { engine, ready } = opened;
  const answer = async (message: ToWorker): Promise<void> => {
    if (message.type === 'close') {
      await engine[Symbol.asyncDispose]();
      port.close();
      return;
    }
    const from = performance.now();
    try {
      const ids = await engine.encode(message.items);
      const busyMs = performance.now() - from;
      send(
        { type: 'done', ids, busyMs },
        ids.map((each) => each.buffer),
      );
    } catch (error) {
      send({ type: 'failed', detail: reasonOf(error) });
    }
  };
  // A chain, so that `close` never releases a session with a run in flight.
  let running: Promise<void> = Promise.resolve();
  port.on('message', (message: ToWorker) => {
    running = running.then(() => answer(message));
  });
  send({ type: 'ready', ready });
}

async function openEngine(setup: WorkerSetup): Promise<{ engine: EncoderEngine; ready: WorkerReady }> {
  const provider = await choose(setup);
  const wantedSize = setup.batchSize ?? (provider.name === 'cpu' ? 1 : GPU_BATCH_SIZE);
  const open = (batchSize: number): Promise<EncoderEngine> =>
    createEncoderEngine(setup.pack, { provider: provider.name, threads: setup.threads, batchSize });
  const { manifest } = setup.pack;
  let engine = await open(wantedSize);
  let reason =
    wantedSize === 1 ? `one item a run on ${provider.name}` : 'neighbours change no id in any slot';
  const effect = await findNeighbourEffect(engine, manifest);
  if (effect !== undefined) {
    await engine[Symbol.asyncDispose]();
    engine = await open(1);
    reason = `neighbours change ids (${effect})`;
  }
  await timeEngine(engine, manifest, { rounds: 0, now: () => performance.now() });
  const batch = { size: engine.batchSize, reason };
  return { engine, ready: { provider, batch, onnxruntime: env.versions.node ?? env.versions.common } };
}

async function choose({ provider, pack, threads, batchSize }: WorkerSetup): Promise<ProviderChoice> {
  if (typeof provider !== 'string') return provider;
  return await chooseProvider(provider, {
    isInstalled: isProviderInstalled,
    measure: async (name) => {
      const size = name === 'cpu' ? 1 : (batchSize ?? GPU_BATCH_SIZE);
      await using engine = await createEncoderEngine(pack, { provider: name, threads, batchSize: size });
      const times = await timeEngine(engine, pack.manifest, {
        rounds: TRIAL_ROUNDS,
        now: () => performance.now(),
      });
      return times.keyframe + times.motion;
    },
  });
}
