import { join } from 'node:path';
import { openNodeAvDecoder } from '../pipeline/codec/node-av-decoder.ts';
import { ConfigError, reasonOf } from '../pipeline/errors.ts';
import { createTokenEncoder } from '../pipeline/models/onnx-token-encoder.ts';
import { listPacks, loadPack } from '../pipeline/models/pack.ts';
import { createPreviewFactory } from '../pipeline/preview/preview-factory.ts';
import { tokenize } from '../pipeline/tokenizer.ts';
import { type App, buildApp } from './app.ts';
import type { Config } from './config-schema.ts';
import { toTokenizerError } from './http/to-tokenizer-error.ts';
import type { Log } from './log.ts';
import { projectFile } from './project-files.ts';
import { Readiness } from './readiness.ts';
import type { Engine } from './sessions/engine.ts';

/** A server that listens and is warm. */
export interface RunningServer {
  /** Address without a trailing slash. */
  readonly url: string;
  readonly app: App;
  /** Shuts down gracefully; every call returns the same work. */
  close(): Promise<void>;
}

/**
 * Starts the server: listens at once, loads and warms up the pack, and resolves when publishers are taken. Rejects with
 * a `TokenizerError` where the port is taken or the pack cannot be used.
 */
export async function startServer(config: Config): Promise<RunningServer> {
  const readiness = new Readiness();
  const app = await buildApp(config, { readiness });
  const url = await listen(app, config);
  app.log.info({ url }, 'listening');
  try {
    const endpoints = await app.peers.open();
    app.log.info({ endpoints }, 'listening for WebRTC media');
    const engine = await openEngine(config, app.log);
    let closing: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      await app.shutdown();
      await engine.close();
      app.log.info('closed');
    };
    readiness.resolve(engine);
    const { provider, keyframeTokens } = engine.encoder;
    app.log.info({ pack: engine.pack.manifest.name, keyframeTokens, provider }, 'ready');
    return {
      url,
      app,
      close: () => {
        closing ??= close();
        return closing;
      },
    };
  } catch (fault) {
    readiness.reject(toTokenizerError(fault));
    await app.shutdown();
    throw fault;
  }
}

async function listen({ fastify, shutdown }: App, { host, port }: Config): Promise<string> {
  try {
    return await fastify.listen({ host, port });
  } catch (cause) {
    await shutdown();
    throw new ConfigError('bad-config', `cannot listen on ${host}:${port}: ${reasonOf(cause)}`, { cause });
  }
}

/** An engine and the release of what it holds. */
export interface OwnedEngine extends Engine {
  close(): Promise<void>;
}

/** Loads a pack and warms up everything that works with it. Rejects with a `TokenizerError`. */
export async function openEngine(config: Config, log: Log): Promise<OwnedEngine> {
  const folder = config.models ?? projectFile('models');
  const pack = await loadPack(join(folder, config.pack));
  const found = await listPacks(folder);
  const packs = found.flatMap((each) => ('pack' in each ? [each.pack] : []));
  const encoder = await createTokenEncoder(pack, {
    provider: config.provider,
    keyframeTokens: config.keyframeTokens,
    threads: config.threads,
    workers: config.workers === 0 ? undefined : config.workers,
    onThread: (event) => log.warn({ event }, 'inference thread'),
  });
  const previews = await createPreviewFactory(pack, {
    onFault: (fault) => log.warn({ fault }, 'preview thread'),
  });
  return {
    tokenize,
    pack,
    packs,
    encoder,
    openDecoder: openNodeAvDecoder,
    previews,
    close: async () => {
      await previews[Symbol.asyncDispose]();
      await encoder.close();
    },
  };
}
