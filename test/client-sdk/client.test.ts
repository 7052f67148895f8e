import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { connect, KinoglyphError, type StreamInfo } from '../../client-sdk/index.ts';
import { ERROR_CODES } from '../../client-sdk/protocol/error-codes.ts';
import { ScriptedServer } from './scripted-server.ts';

/** A server that answers each call by its method and path. */
const answering = (answers: Record<string, { status: number; body: string }>, seen: string[] = []) =>
  ScriptedServer.start({
    onRequest: (request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? '-'}`);
      const { status, body } = answers[`${request.method} ${request.url}`] ?? { status: 500, body: '' };
      response.writeHead(status).end(status === 204 ? undefined : body);
    },
  });

describe('calls', () => {
  it('go to the addresses of the API with the token', async () => {
    const seen: string[] = [];
    await using server = await answering(
      {
        'GET /v1/streams': { status: 200, body: '{"streams":[{"stream":"door"}]}' },
        'GET /v1/packs': { status: 200, body: '{"packs":[{"name":"kino-mini"}]}' },
        'GET /v1/streams/door': { status: 200, body: '{"stream":"door"}' },
        'DELETE /v1/streams/door': { status: 204, body: '' },
      },
      seen,
    );
    const client = connect(server.url, { token: 'secret' });
    expect(await client.streams()).toEqual([{ stream: 'door' }]);
    expect(await client.packs()).toEqual([{ name: 'kino-mini' }]);
    expect(await client.stream('door').info()).toEqual({ stream: 'door' });
    await client.stream('door').end();
    expect(seen).toEqual([
      'GET /v1/streams Bearer secret',
      'GET /v1/packs Bearer secret',
      'GET /v1/streams/door Bearer secret',
      'DELETE /v1/streams/door Bearer secret',
    ]);
    expectTypeOf(client.stream('door').info).returns.resolves.toEqualTypeOf<StreamInfo>();
  });

  it('work below a path, and do not let a name out of it', async () => {
    const seen: string[] = [];
    await using server = await answering({}, seen);
    await expect(connect(`${server.url}/video`).stream('../x').info()).rejects.toBeInstanceOf(KinoglyphError);
    expect(seen).toEqual(['GET /video/v1/streams/..%2Fx -']);
  });

  it('reject with the code and the detail of a problem document', async () => {
    const body = JSON.stringify({
      type: 'x',
      title: 'x',
      status: 404,
      detail: 'nobody',
      code: 'unknown-stream',
    });
    await using server = await answering({ 'GET /v1/streams/door': { status: 404, body } });
    await expect(connect(server.url).stream('door').info()).rejects.toMatchObject({
      name: 'KinoglyphError',
      code: 'unknown-stream',
      status: 404,
      message: 'nobody',
      isRetryable: false,
    });
  });

  it.each(['<html>', '{"code":"from-the-future"}', 'null'])(
    'reject as unknown where the body is %s',
    async (body) => {
      await using server = await answering({ 'GET /v1/streams': { status: 502, body } });
      await expect(connect(server.url).streams()).rejects.toMatchObject({
        code: 'unknown',
        status: 502,
        isRetryable: true,
      });
    },
  );

  it('reject with network where nobody answers, and with the reason of the signal', async () => {
    const server = await answering({});
    await server[Symbol.asyncDispose]();
    await expect(connect(server.url).streams()).rejects.toMatchObject({ code: 'network', status: undefined });
    const reason = new Error('enough');
    await expect(connect(server.url).streams({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('use the fetch of the caller', async () => {
    const client = connect('https://host', { fetch: () => Promise.resolve(Response.json({ streams: [] })) });
    expect(await client.streams()).toEqual([]);
  });
});

describe('KinoglyphError.fromClose', () => {
  it('knows every close code of the catalogue', () => {
    for (const [code, { close, status }] of Object.entries(ERROR_CODES))
      expect(KinoglyphError.fromClose({ code: close, reason: '' })).toMatchObject({ code, status });
  });

  it('takes a lost connection as network, and an unknown code as such', () => {
    expect(KinoglyphError.fromClose({ code: 1006, reason: '' })).toMatchObject({
      code: 'network',
      isRetryable: true,
    });
    expect(KinoglyphError.fromClose({ code: 4999, reason: 'new' })).toMatchObject({
      code: 'unknown',
      message: 'new',
    });
    expect(KinoglyphError.fromClose({ code: 1000, reason: '' })).toBeUndefined();
  });
});

describe('the browser bundle', () => {
  it('is at most 10 kB, gzipped, with neither ws nor zod', async () => {
    const { outputFiles, metafile } = await build({
      stdin: {
        contents: "import { connect } from './index.ts'; globalThis.connect = connect;",
        resolveDir: new URL('../../client-sdk', import.meta.url).pathname,
      },
      bundle: true,
      minify: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'browser',
      logLevel: 'silent',
    });
    const inputs = Object.keys(metafile.inputs);
    expect(inputs.filter((path) => path.includes('node_modules'))).toEqual([]);
    expect(inputs).toContain('client-sdk/open-socket-browser.ts');
    expect(gzipSync(outputFiles[0]!.contents).length).toBeLessThan(10_000);
  });
});
