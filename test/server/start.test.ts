import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../server/config.ts';
import { startServer } from '../../server/start.ts';
import { MEDIA } from '../support/test-server.ts';

const flags = { logLevel: 'silent', port: 0, pack: 'pack-tiny', models: join(MEDIA, '..') };

it('listens, loads the pack, warms up, serves and closes once', async () => {
  const server = await startServer(loadConfig({ env: {}, flags }));
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  const { packs } = (await (await fetch(`${server.url}/v1/packs`)).json()) as { packs: { name: string }[] };
  expect(packs.map(({ name }) => name)).toContain('pack-tiny');
  expect(server.close()).toBe(server.close());
  await server.close();
  await expect(fetch(`${server.url}/readyz`)).rejects.toThrow();
});

it('fails with the reason where the pack is missing, and frees the port', async () => {
  const config = loadConfig({ env: {}, flags: { ...flags, pack: 'no-such-pack' } });
  await expect(startServer(config)).rejects.toMatchObject({ code: 'bad-pack' });
});

it('fails with the reason where the port is taken', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  const config = loadConfig({ env: {}, flags: { ...flags, port } });
  await expect(startServer(config)).rejects.toMatchObject({
    code: 'bad-config',
    message: expect.stringContaining(String(port)),
  });
  taken.close();
});
