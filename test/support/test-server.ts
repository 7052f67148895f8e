import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import { openNodeAvDecoder } from '../../pipeline/codec/node-av-decoder.ts';
import { createTokenEncoder } from '../../pipeline/models/onnx-token-encoder.ts';
import { loadPack } from '../../pipeline/models/pack.ts';
import { createPreviewFactory } from '../../pipeline/preview/preview-factory.ts';
import { tokenize } from '../../pipeline/tokenizer.ts';
import { type App, buildApp } from '../../server/app.ts';
import type { Config } from '../../server/config.ts';
import { loadConfig } from '../../server/config.ts';
import { createLog, type Log } from '../../server/log.ts';
import { Readiness } from '../../server/readiness.ts';
import type { Engine } from '../../server/sessions/engine.ts';
import type { Session } from '../../server/sessions/session.ts';

/** Folder of the small media fixtures. */
export const MEDIA = join(import.meta.dirname, '../fixtures/media');

/** The real pipeline around the tiny pack, with a count of the inferences that were asked for. */
export interface TestEngine extends Engine {
  readonly runs: { keyframes: number; chunks: number };
  close(): Promise<void>;
}

/** Opens the real pipeline around the tiny pack; one serves all servers of a test file. */
export async function openTestEngine(): Promise<TestEngine> {
  const pack = await loadPack(join(import.meta.dirname, '../fixtures/pack-tiny'));
  const encoder = await createTokenEncoder(pack, { provider: 'cpu', workers: 1 });
  const previews = await createPreviewFactory(pack);
  const runs = { keyframes: 0, chunks: 0 };
  return {
    tokenize,
    pack,
    packs: [pack],
    openDecoder: openNodeAvDecoder,
    previews,
    runs,
    encoder: {
      provider: encoder.provider,
      runtime: encoder.runtime,
      keyframeTokens: encoder.keyframeTokens,
      get pending() {
        return encoder.pending;
      },
      encodeKeyframe: (keyframe, options) => {
        runs.keyframes += 1;
        return encoder.encodeKeyframe(keyframe, options);
      },
      encodeMotion: (chunk, options) => {
        runs.chunks += 1;
        return encoder.encodeMotion(chunk, options);
      },
    },
    close: async () => {
      await previews[Symbol.asyncDispose]();
      await encoder.close();
    },
  };
}

/** A server on a free port. */
export interface TestServer extends AsyncDisposable {
  readonly app: App;
  readonly url: string;
  readonly wsUrl: string;
  readonly port: number;
}

/** Listens on a free loopback port, or on that of a server before it; without an engine the server stays unready. */
export async function startTestServer(
  engine: Engine | undefined,
  flags: Partial<Config> = {},
  log?: Log,
): Promise<TestServer> {
  const config = loadConfig({ env: {}, flags: { logLevel: 'silent', port: 0, ...flags } });
  const readiness = new Readiness();
  if (engine) readiness.resolve(engine);
  const app = await buildApp(config, { readiness, log: log ?? createLog(config) });
  const url = await app.fastify.listen({ host: '127.0.0.1', port: config.port });
  return {
    app,
    url,
    wsUrl: url.replace('http', 'ws'),
    port: Number(new URL(url).port),
    [Symbol.asyncDispose]: () => app.shutdown(),
  };
}

/** Resolves with a stream's publisher as soon as there is one. */
export async function publisherOf(app: App, stream: string): Promise<Session> {
  return await vi.waitUntil(() => app.registry.streams.find(({ name }) => name === stream)?.session, {
    timeout: 30_000,
    interval: 5,
  });
}

const CITY = readFileSync(join(MEDIA, 'city-h264-p.ts'));

/** Publishes two clips of a moving city to `cam`; resolves with the answer, which comes at the end. */
export const publishCity = ({ url }: TestServer): Promise<Response> =>
  fetch(`${url}/v1/streams/cam`, { method: 'PUT', body: CITY });
