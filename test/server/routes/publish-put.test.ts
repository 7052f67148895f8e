import { spawn } from 'node:child_process';
import { createReadStream, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasProgram, textOf } from '../../support/programs.ts';
import {
  MEDIA,
  openTestEngine,
  publisherOf,
  startTestServer,
  type TestEngine,
} from '../../support/test-server.ts';

let engine: TestEngine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine.close());

const media = (name: string) => readFileSync(join(MEDIA, name));
const put = (url: string, body: BodyInit, init: RequestInit = {}): Promise<Response> =>
  fetch(url, { method: 'PUT', body, ...init });

/** Opens a PUT whose body the test writes piece by piece; `answer` resolves with what comes back whenever it comes. */
function openPut(url: string, headers: Record<string, string> = {}) {
  const request = httpRequest(url, { method: 'PUT', headers });
  const answer = new Promise<{ status: number; body: Record<string, unknown> }>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
    });
  });
  answer.catch(() => undefined);
  return { request, answer };
}

describe('a whole file', () => {
  it('is answered with a summary when the body ends', async () => {
    await using server = await startTestServer(engine);
    const response = await put(`${server.url}/v1/streams/cam`, media('city-h264-p.ts'));
    expect(response.status).toBe(201);
    expect(response.headers.get('location')).toBe('/v1/streams/cam');
    expect(await response.json()).toEqual({
      type: 'summary',
      stream: 'cam',
      epoch: expect.stringMatching(/^[0-9A-Z]{26}$/),
      accessUnits: 75,
      messages: { start: 1, visual: 3, motion: 6, gap: 0 },
      gaps: [],
      durationUs: 3_000_000,
      reason: 'finished',
    });
  });

  it.each(['video/mp2t', 'application/octet-stream', 'application/json', 'text/plain', 'garbage', 'a/b; c'])(
    'is taken as %s, for its bytes tell what it is',
    async (type) => {
      await using server = await startTestServer(engine);
      const response = await put(`${server.url}/v1/streams/cam`, media('city-h264-p.ts'), {
        headers: { 'content-type': type },
      });
      expect(response.status).toBe(201);
    },
  );

  it('gives the first message while most of the body is unsent', async () => {
    await using server = await startTestServer(engine);
    const bytes = media('city-h264-p.ts');
    const { request, answer } = openPut(`${server.url}/v1/streams/cam`);
    request.write(bytes.subarray(0, bytes.length * 0.4));
    const tokens = await fetch(`${server.url}/v1/streams/cam/tokens?from=earliest`);
    let text = '';
    for await (const part of tokens.body!.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (text.includes('"type":"visual"')) break;
    }
    request.end(bytes.subarray(bytes.length * 0.4));
    expect((await answer).status).toBe(201);
  });
});

describe('a publication that is refused', () => {
  it.each([
    ['audio-only.ts', 415, 'no-video'],
    ['city-index-at-end.mp4', 415, 'index-at-end'],
  ])('for its media: %s', async (name, status, code) => {
    await using server = await startTestServer(engine);
    const response = await put(`${server.url}/v1/streams/cam`, media(name));
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await response.json()).toMatchObject({
      code,
      status,
      detail: expect.any(String),
      title: expect.any(String),
    });
    // The server takes the next publisher as if nothing had been.
    expect((await put(`${server.url}/v1/streams/cam`, media('city-h264-p.ts'))).status).toBe(201);
  });

  it('for having no body', async () => {
    await using server = await startTestServer(engine);
    const response = await put(`${server.url}/v1/streams/cam`, '');
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'empty-body' }]);
  });

  it.each([
    ['/v1/streams/c%40m', {}, 400, 'invalid-stream-name'],
    [`/v1/streams/${'a'.repeat(65)}`, {}, 400, 'invalid-stream-name'],
    ['/v1/streams/cam?delivery=soon', {}, 400, 'bad-request'],
    ['/v1/streams/cam?fps=0', {}, 400, 'bad-request'],
    ['/v1/streams/cam?motion=none', {}, 400, 'bad-request'],
    ['/v1/streams/cam?takeover=maybe', {}, 400, 'bad-request'],
    ['/v1/streams/cam', { 'content-encoding': 'gzip' }, 415, 'content-encoding'],
  ])('for how it asks: %s %o', async (path, headers, status, code) => {
    await using server = await startTestServer(engine);
    const response = await put(`${server.url}${path}`, media('city-h264-p.ts'), { headers });
    expect([response.status, await response.json()]).toMatchObject([status, { code }]);
  });

  it('while the models warm up, with Retry-After', async () => {
    await using server = await startTestServer(undefined, { retryAfterSeconds: 7 });
    const response = await put(`${server.url}/v1/streams/cam`, media('city-h264-p.ts'));
    expect(response.headers.get('retry-after')).toBe('7');
    expect([response.status, await response.json()]).toMatchObject([503, { code: 'not-ready' }]);
  });

  it('for the configured number of streams', async () => {
    await using server = await startTestServer(engine, { maxStreams: 1 });
    const first = openPut(`${server.url}/v1/streams/one`);
    first.request.write(media('city-h264-p.ts').subarray(0, 1000));
    await publisherOf(server.app, 'one');
    const response = await put(`${server.url}/v1/streams/two`, media('city-h264-p.ts'));
    expect([response.status, await response.json()]).toMatchObject([503, { code: 'too-many' }]);
    first.request.destroy();
  });

  it('for the budget of pixels a second, when size and rate are known', async () => {
    await using server = await startTestServer(engine, { maxPixelsPerSecond: 320 * 180 * 25 - 1 });
    const response = await put(`${server.url}/v1/streams/cam?delivery=live`, media('city-h264-p.ts'));
    expect(response.headers.get('retry-after')).toBe('5');
    expect([response.status, await response.json()]).toMatchObject([503, { code: 'overloaded' }]);
    expect(server.app.registry.budget.reserved).toBe(0);
    expect((await put(`${server.url}/v1/streams/cam`, media('city-h264-p.ts'))).status).toBe(201);
  });

  it('for pictures that are too large', async () => {
    await using server = await startTestServer(engine, { maxPixels: 320 * 180 - 1 });
    const response = await put(`${server.url}/v1/streams/cam`, media('city-h264-p.ts'));
    expect([response.status, await response.json()]).toMatchObject([422, { code: 'picture-size' }]);
  });
});

describe('a busy stream', () => {
  it('refuses a second publisher, and lets it take over where it asks to', async () => {
    await using server = await startTestServer(engine);
    const url = `${server.url}/v1/streams/cam`;
    const bytes = media('city-h264-p.ts');
    const first = openPut(url);
    first.request.write(bytes.subarray(0, bytes.length / 2));
    const session = await publisherOf(server.app, 'cam');
    await expect.poll(() => session.statistics.messages.start).toBe(1);
    const refused = await put(url, bytes);
    expect([refused.status, await refused.json()]).toMatchObject([409, { code: 'stream-busy' }]);
    expect((await put(`${url}?takeover=true`, bytes)).status).toBe(201);
    expect(await first.answer).toMatchObject({ status: 409, body: { code: 'replaced' } });
    const { journal } = server.app.registry.get('cam');
    const reasons: unknown[] = [];
    for (let at = journal.firstPosition; at < journal.endPosition; at++) {
      const { message } = journal.at(at)!;
      if (message.type === 'end') reasons.push(message.reason);
    }
    expect(reasons).toEqual(['replaced', 'finished']);
  });
});

describe('a publisher that goes wrong', () => {
  it('is closed when it stalls, and what it sent is tokenized', async () => {
    await using server = await startTestServer(engine, { stallMs: 300, drainMs: 50_000 });
    const bytes = media('city-h264-p.ts');
    const { request, answer } = openPut(`${server.url}/v1/streams/cam`);
    request.write(bytes.subarray(0, bytes.length / 2));
    expect(await answer).toMatchObject({
      status: 408,
      body: { code: 'stalled', summary: { reason: 'stalled', messages: { start: 1 } } },
    });
    request.destroy();
    expect(server.app.registry.get('cam').journal.last?.message).toMatchObject({
      type: 'end',
      reason: 'stalled',
    });
  });

  it('leaves an aborted epoch with what it sent', async () => {
    await using server = await startTestServer(engine);
    const bytes = media('city-h264-p.ts');
    const { request } = openPut(`${server.url}/v1/streams/cam`);
    request.write(bytes.subarray(0, bytes.length / 2));
    const session = await publisherOf(server.app, 'cam');
    await expect.poll(() => session.statistics.messages.visual).toBeGreaterThan(0);
    request.destroy();
    const { summary } = await session.done;
    expect(summary).toMatchObject({ reason: 'aborted', messages: { start: 1 } });
    expect(server.app.registry.get('cam').session).toBeUndefined();
  });
});

describe('leave to send a body', () => {
  /** Sends only the head and returns the first status line. */
  const firstLine = (port: number, path: string, extra = ''): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(
          `PUT ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n${extra}\r\n`,
        );
      });
      socket.once('data', (data) => {
        resolve(data.toString().split('\r\n')[0] ?? '');
        socket.destroy();
      });
      socket.on('error', reject);
    });

  it('is given to a publisher that is taken', async () => {
    await using server = await startTestServer(engine);
    expect(await firstLine(server.port, '/v1/streams/cam')).toBe('HTTP/1.1 100 Continue');
  });

  it('is not given to one that is refused: it has its answer before the body', async () => {
    await using server = await startTestServer(engine);
    expect(await firstLine(server.port, '/v1/streams/c@m')).toBe('HTTP/1.1 400 Bad Request');
    expect(await firstLine(server.port, '/v1/streams/cam', 'Origin: https://evil.example\r\n')).toBe(
      'HTTP/1.1 403 Forbidden',
    );
    expect(await firstLine(server.port, '/nowhere')).toBe('HTTP/1.1 404 Not Found');
  });
});

describe('an early answer', () => {
  it('reaches a sender that goes on writing, whose connection is then closed', async () => {
    await using server = await startTestServer(engine, { discardBytes: 100_000, discardMs: 60_000 });
    const { request, answer } = openPut(`${server.url}/v1/streams/c@m`);
    const closed = new Promise<void>((resolve) => request.on('close', resolve));
    const piece = Buffer.alloc(16_384);
    const writing = setInterval(() => request.destroyed || request.write(piece), 1);
    expect(await answer).toMatchObject({ status: 400, body: { code: 'invalid-stream-name' } });
    await closed;
    clearInterval(writing);
  });

  it('leaves the connection usable where the body ends in time', async () => {
    await using server = await startTestServer(engine);
    const response = await put(`${server.url}/v1/streams/c@m`, media('city-h264-p.ts'));
    expect(response.status).toBe(400);
    expect(response.headers.get('connection')).toBe('keep-alive');
  });

  it.skipIf(!hasProgram('curl'))(
    'reaches curl in the middle of an upload from a pipe (needs curl)',
    async () => {
      await using server = await startTestServer(engine);
      const curl = spawn('curl', ['-s', '-S', '-T', '-', '--max-time', '20', `${server.url}/v1/streams/cam`]);
      const zeros = createReadStream('/dev/zero');
      zeros.pipe(curl.stdin);
      curl.stdin.on('error', () => zeros.destroy());
      const [out, error, code] = await Promise.all([
        textOf(curl.stdout),
        textOf(curl.stderr),
        new Promise((resolve) => curl.on('close', resolve)),
      ]);
      expect([code, error]).toEqual([0, '']);
      expect(JSON.parse(out)).toMatchObject({ code: 'unknown-container' });
    },
  );
});
