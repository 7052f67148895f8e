import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../server/config.ts';
import { type RunningServer, startServer } from '../server/start.ts';

const ROOT = join(import.meta.dirname, '..');
const VIDEO = join(import.meta.dirname, 'fixtures/media/city-h264-p.ts');

const execute = promisify(execFile);
let server: RunningServer;
let folder: string;

/** Runs a program of examples/ as its usage line says; gives what it prints. */
const run = async (name: string, ...args: string[]): Promise<string[]> => {
  const { stdout } = await execute('npx', ['--no-install', 'tsx', `examples/${name}.ts`, ...args], {
    cwd: ROOT,
  });
  return stdout.trim().split('\n');
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kinoglyph-examples-'));
  server = await startServer(loadConfig({ env: {}, flags: { port: 0, logLevel: 'silent', workers: 1 } }));
}, 120_000);

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

describe('examples', () => {
  it('follow the tokens and the pictures of a file that is published', async () => {
    const following = run('follow-tokens', 'door', server.url);
    const saving = run('save-a-preview', folder, 'door', server.url, '3');
    await expect.poll(() => server.app.registry.subscribers, { timeout: 60_000 }).toBe(1);
    await expect.poll(() => server.app.registry.viewers, { timeout: 60_000 }).toBe(1);
    const published = await run('publish-a-file', VIDEO, 'door', server.url);
    expect(published[0]).toMatch(/^epoch [0-9A-Z]{26}: [1-9][\d.]* s of video$/);
    expect(published[1]).toMatch(/^[1-9]\d* keyframes, \d+ chunks of motion, 0 gaps$/);

    const lines = await following;
    expect(lines[0]).toBe('start');
    expect(lines[1]).toMatch(/^0\.000 s visual: 32000( \d+){144} 32001$/);
    expect(lines.at(-2)).toBe('end');
    expect(lines.at(-1)).toMatch(/^[0-9A-Z]{26}:\d+$/);
    expect(lines.at(-1)).toContain(published[0]?.split(/[ :]/)[1]);

    expect(await saving).toEqual([`3 pictures in ${folder}`]);
    const pictures = await readdir(folder);
    expect(pictures).toHaveLength(3);
    for (const name of pictures) {
      const jpeg = await readFile(join(folder, name));
      expect([...jpeg.subarray(0, 2), ...jpeg.subarray(-2)]).toEqual([0xff, 0xd8, 0xff, 0xd9]);
    }
  }, 180_000);

  it.each(['publish-a-file', 'save-a-preview'])('%s says how to use it', async (name) => {
    await expect(run(name)).rejects.toThrow(/usage: /);
  });
});
