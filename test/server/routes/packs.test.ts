import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  openTestEngine,
  startTestServer,
  type TestEngine,
  type TestServer,
} from '../../support/test-server.ts';

let engine: TestEngine;
let server: TestServer;
beforeAll(async () => {
  engine = await openTestEngine();
  server = await startTestServer(engine);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await engine.close();
});

it('are listed with manifest and hash', async () => {
  const list = await (await fetch(`${server.url}/v1/packs`)).json();
  expect(list).toMatchObject({
    packs: [
      { name: 'pack-tiny', isInUse: true, sha256: engine.pack.sha256, manifest: { name: 'pack-tiny' } },
    ],
  });
});

it('are fetched file by file, as the manifest states them', async () => {
  for (const file of ['pack.json', 'visual-decoder.onnx', 'motion-decoder.onnx']) {
    const response = await fetch(`${server.url}/v1/packs/pack-tiny/${file}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(response.headers.get('content-length')).toBe(String(bytes.length));
    const again = await fetch(`${server.url}/v1/packs/pack-tiny/${file}`, {
      headers: { 'if-none-match': response.headers.get('etag')! },
    });
    expect(again.status).toBe(304);
    if (file === 'pack.json')
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(engine.pack.sha256);
  }
});

it.each([
  'nothing.onnx',
  '..%2Fpack-tiny%2Fpack.json',
  '%2e%2e%2fpackage.json',
  'pack.json%00',
  './pack.json/.',
  'constructor',
  '__proto__',
])('give no other file: %s', async (file) => {
  const response = await fetch(`${server.url}/v1/packs/pack-tiny/${file}`);
  expect(response.status).toBe(404);
});

it('are not given before the models are loaded', async () => {
  await using unready = await startTestServer(undefined);
  expect((await fetch(`${unready.url}/v1/packs`)).status).toBe(503);
});
