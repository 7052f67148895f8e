import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SocketReader } from '../../support/socket-reader.ts';
import {
  MEDIA,
  openTestEngine,
  startTestServer,
  type TestEngine,
  type TestServer,
} from '../../support/test-server.ts';

const CLIP = readFileSync(join(MEDIA, 'city-h264-p.ts'));

let engine: TestEngine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine.close());

/** `fetch` may not set Host or Origin, so these calls are made by hand. */
function call(server: TestServer, path: string, { method = 'GET', ...headers }: Record<string, string> = {}) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>(
    (resolve, reject) => {
      const request = httpRequest(`${server.url}${path}`, { method, headers, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
      });
      request.on('error', reject).end();
    },
  );
}

const codeOf = ({ text }: { text: string }): unknown => JSON.parse(text).code;

describe('Host', () => {
  it.each([
    '127.0.0.1',
    'localhost',
    'LOCALHOST:99',
    'studio.localhost',
    '[::1]:8765',
    'cam.example',
    'cam.example:80',
  ])('may be %s', async (host) => {
    await using server = await startTestServer(engine, { allowedHosts: ['cam.example'] });
    expect((await call(server, '/healthz', { host })).status).toBe(200);
  });

  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1', 'evil@localhost'])(
    'may not be %j, on no route',
    async (host) => {
      await using server = await startTestServer(engine);
      for (const path of ['/healthz', '/', '/v1/streams', '/metrics', '/nowhere', '/v1/streams/cam/tokens']) {
        const answer = await call(server, path, { host });
        // Node itself refuses an empty Host that names no authority.
        expect([421, 400]).toContain(answer.status);
      }
      const upgrade = new SocketReader(`${server.wsUrl}/v1/streams/cam/tokens`, { headers: { host } });
      await expect(upgrade.open()).rejects.toThrow('421');
    },
  );
});

describe('Origin', () => {
  it('may be absent, the same, or listed, where a call changes something', async () => {
    await using server = await startTestServer(engine, { allowedOrigins: ['https://app.example'] });
    const path = '/v1/streams/none';
    expect((await call(server, path, { method: 'DELETE' })).status).toBe(404);
    expect((await call(server, path, { method: 'DELETE', origin: server.url })).status).toBe(404);
    expect((await call(server, path, { method: 'DELETE', origin: 'https://app.example' })).status).toBe(404);
  });

  it.each(['https://evil.example', 'http://127.0.0.1:1', 'null', 'http://localhost.evil.example'])(
    'may not be %s',
    async (origin) => {
      await using server = await startTestServer(engine);
      const answer = await call(server, '/v1/streams/cam', { method: 'PUT', origin });
      expect([answer.status, codeOf(answer)]).toEqual([403, 'foreign-origin']);
      for (const path of ['tokens', 'publish', 'preview']) {
        const upgrade = new SocketReader(`${server.wsUrl}/v1/streams/cam/${path}`, { headers: { origin } });
        await expect(upgrade.open()).rejects.toThrow('403');
      }
    },
  );

  it('may be anything where nothing changes, but only a listed page may read the answer', async () => {
    await using server = await startTestServer(engine, { allowedOrigins: ['https://app.example'] });
    const foreign = await call(server, '/v1/streams', { origin: 'https://evil.example' });
    expect([foreign.status, foreign.headers['access-control-allow-origin']]).toEqual([200, undefined]);
    const listed = await call(server, '/v1/streams', { origin: 'https://app.example' });
    expect(listed.headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      vary: 'Origin',
    });
  });

  it('is answered before a call only where it is listed', async () => {
    await using server = await startTestServer(engine, { allowedOrigins: ['https://app.example'] });
    const asked = { method: 'OPTIONS', 'access-control-request-method': 'PUT' };
    const listed = await call(server, '/v1/streams/cam', { ...asked, origin: 'https://app.example' });
    expect([listed.status, listed.headers['access-control-allow-methods']]).toEqual([
      204,
      'GET, PUT, POST, PATCH, DELETE',
    ]);
    const foreign = await call(server, '/v1/streams/cam', { ...asked, origin: 'https://evil.example' });
    expect([foreign.status, foreign.headers['access-control-allow-methods']]).toEqual([403, undefined]);
  });
});

describe('bearer tokens', () => {
  const secrets = {
    publish: 'publisher-secret-1',
    read: 'reader-secret-0001',
    admin: 'admin-secret-00001',
    one: 'only-one-stream-01',
  };
  const tokens = [
    { token: secrets.publish, actions: ['publish' as const] },
    { sha256: createHash('sha256').update(secrets.read).digest('hex'), actions: ['read' as const] },
    { token: secrets.admin, actions: ['admin' as const, 'read' as const] },
    { token: secrets.one, actions: ['read' as const, 'publish' as const], streams: ['one'] },
  ];
  const calls = [
    ['publish', 'PUT', '/v1/streams/cam'],
    ['read', 'GET', '/v1/streams'],
    ['read', 'GET', '/v1/streams/cam'],
    ['read', 'GET', '/v1/streams/cam/tokens?until=end&from=earliest'],
    ['read', 'GET', '/v1/streams/cam/preview.jpg'],
    ['read', 'GET', '/v1/packs'],
    ['read', 'GET', '/v1/packs/pack-tiny/pack.json'],
    ['admin', 'GET', '/metrics'],
    ['admin', 'DELETE', '/v1/streams/nobody'],
  ] as const;
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer(engine, { tokens });
    const headers = { authorization: `Bearer ${secrets.publish}` };
    const published = await fetch(`${server.url}/v1/streams/cam`, { method: 'PUT', body: CLIP, headers });
    expect(published.status).toBe(201);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it.each(calls)('%s: %s %s wants one', async (_action, method, path) => {
    const without = await call(server, path, { method });
    expect([without.status, codeOf(without)]).toEqual([401, 'unauthorized']);
    expect(without.headers['www-authenticate']).toMatch(/^Bearer/);
    const unknown = await call(server, path, { method, authorization: 'Bearer nobody-knows-this-one' });
    expect([unknown.status, codeOf(unknown)]).toEqual([401, 'unauthorized']);
  });

  it.each(calls)('%s: %s %s wants one that allows it', async (action, method, path) => {
    for (const holder of ['publish', 'read', 'admin'] as const) {
      const grant = tokens[['publish', 'read', 'admin'].indexOf(holder)]!;
      const { status } = await call(server, path, { method, authorization: `Bearer ${secrets[holder]}` });
      const isAllowed = (grant.actions as readonly string[]).includes(action);
      if (isAllowed) expect([200, 400, 404]).toContain(status);
      else expect(status).toBe(403);
    }
  });

  it('are good for their streams only, and the list shows no others', async () => {
    const authorization = `Bearer ${secrets.one}`;
    expect((await call(server, '/v1/streams/cam', { authorization })).status).toBe(403);
    expect((await call(server, '/v1/streams/one', { authorization })).status).toBe(404);
    expect(JSON.parse((await call(server, '/v1/streams', { authorization })).text).streams).toEqual([]);
  });

  it('leave liveness, readiness, description and Studio open', async () => {
    for (const path of ['/healthz', '/readyz', '/v1/openapi.json'])
      expect((await call(server, path)).status).toBe(200);
    expect((await call(server, '/')).status).toBe(302);
  });

  it('close a WebSocket with a code that a browser can read', async () => {
    const url = `${server.wsUrl}/v1/streams/cam/tokens?until=end&from=earliest`;
    expect((await new SocketReader(url).closed).code).toBe(4410);
    const forbidden = new SocketReader(url, { headers: { authorization: `Bearer ${secrets.publish}` } });
    expect((await forbidden.closed).code).toBe(4411);
  });

  it('come to a WebSocket as a subprotocol, which is not echoed beside another', async () => {
    const url = `${server.wsUrl}/v1/streams/cam/tokens?until=end&from=earliest`;
    const reader = new SocketReader(url, { protocols: ['kinoglyph', `kinoglyph.bearer.${secrets.read}`] });
    await reader.open();
    expect(reader.socket.protocol).toBe('kinoglyph');
    expect((await reader.closed).code).toBe(1000);
  });

  it('do not work in an address, but short-lived ones made of them do', async () => {
    const path = '/v1/streams/cam?access_token=';
    expect((await call(server, `${path}${secrets.read}`)).status).toBe(401);
    const minted = await mint({ actions: ['read'], streams: ['cam'] }, secrets.read);
    expect(minted.status).toBe(201);
    expect((await call(server, `${path}${minted.body.token}`)).status).toBe(200);
    const other = await call(server, `/v1/streams/other?access_token=${minted.body.token}`);
    expect(other.status).toBe(403);
    const tampered = minted.body.token.replace(/.$/, (last: string) => (last === 'A' ? 'B' : 'A'));
    expect((await call(server, `${path}${tampered}`)).status).toBe(401);
  });

  it('make no token that reaches further, and a short-lived one makes none', async () => {
    expect((await mint({ actions: ['publish'] }, secrets.read)).body.code).toBe('forbidden');
    expect((await mint({ actions: ['read'] }, secrets.one)).status).toBe(201);
    expect((await mint({ actions: ['read'], streams: ['cam'] }, secrets.one)).body.code).toBe('forbidden');
    const { body } = await mint({ actions: ['read'] }, secrets.read);
    expect((await mint({ actions: ['read'] }, body.token)).body.code).toBe('forbidden');
    expect((await mint({ actions: [] }, secrets.read)).body.code).toBe('bad-request');
  });

  async function mint(wanted: object, token: string) {
    const response = await fetch(`${server.url}/v1/access-tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(wanted),
    });
    return { status: response.status, body: (await response.json()) as { token: string; code: string } };
  }
});
