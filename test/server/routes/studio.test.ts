import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify from 'fastify';
import { expect, it } from 'vitest';
import { readStudio, studioFile, studioPage } from '../../../server/routes/studio.ts';
import { startTestServer } from '../../support/test-server.ts';

async function openStudio() {
  const folder = await mkdtemp(join(tmpdir(), 'kinoglyph-studio-'));
  await mkdir(join(folder, 'fonts'));
  await writeFile(join(folder, 'index.html'), '<!doctype html>');
  await writeFile(join(folder, 'main.js'), 'export {}');
  await writeFile(join(folder, 'fonts', 'a.woff2'), 'font');
  await writeFile(join(folder, 'notes.exe'), 'no');
  const app = fastify();
  const { handle } = studioFile(await readStudio(folder));
  app.get('/studio/*', (request, reply) => handle?.(request, reply));
  return app;
}

it('is served from memory with a policy that lets in nothing foreign', async () => {
  await using app = await openStudio();
  const page = await app.inject('/studio/');
  expect([page.statusCode, page.body, page.headers['content-type']]).toEqual([
    200,
    '<!doctype html>',
    'text/html; charset=utf-8',
  ]);
  const policy = String(page.headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval|\*/);
  expect(page.headers['x-content-type-options']).toBe('nosniff');
  expect((await app.inject('/studio/main.js')).headers['content-type']).toBe(
    'text/javascript; charset=utf-8',
  );
  expect((await app.inject('/studio/fonts/a.woff2')).headers['content-type']).toBe('font/woff2');
});

it.each(['notes.exe', '../package.json', '..%2f..%2fpackage.json', 'fonts', 'fonts/', '%00'])(
  'has no file %s',
  async (name) => {
    await using app = await openStudio();
    const answer = await app.inject(`/studio/${name}`);
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    expect(answer.body).not.toContain('kinoglyph"');
  },
);

it('is where the root leads, with its query', async () => {
  await using server = await startTestServer(undefined);
  const response = await fetch(`${server.url}/?stream=demo`, { redirect: 'manual' });
  expect([response.status, response.headers.get('location')]).toEqual([302, '/studio/?stream=demo']);
  expect(studioPage().path).toBe('/');
});
