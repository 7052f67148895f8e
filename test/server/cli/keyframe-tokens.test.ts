import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Message } from '../../../client-sdk/protocol/messages.ts';
import { runProgram } from '../../../server/cli/program.ts';

const CLIP = 'test/fixtures/media/city-h264-p.ts';
const PACK = ['--models', 'test/fixtures', '--pack', 'pack-dynamic', '--workers', '1', '--provider', 'cpu'];
let folder: string;
let printed: string;
let said: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kinoglyph-'));
  printed = '';
  said = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const kinoglyph = (...args: string[]): Promise<number> => runProgram(['node', 'kinoglyph', ...args]);

async function tokenized(...flags: string[]): Promise<Message[]> {
  const output = join(folder, 'tokens.ndjson');
  expect(await kinoglyph('tokenize', CLIP, '-o', output, ...PACK, ...flags), said).toBe(0);
  const lines = (await readFile(output, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Message);
}
const lengthsOf = (messages: readonly Message[]): number[] =>
  messages.flatMap((message) => (message.type === 'visual' ? [message.ids.length] : []));
const askedOf = (messages: readonly Message[]): unknown =>
  messages.map((message) => message.type === 'start' && message.layout.visual.tokens)[0];

describe('--keyframe-tokens', () => {
  it('of tokenize wins over the variable, which serves without it', async () => {
    vi.stubEnv('KINOGLYPH_KEYFRAME_TOKENS', '50');
    const byVariable = await tokenized();
    expect(askedOf(byVariable)).toBe(50);
    expect(lengthsOf(byVariable)).toEqual([100, 100, 100]);
    const byFlag = await tokenized('--keyframe-tokens', '32');
    expect(askedOf(byFlag)).toBe(32);
    expect(lengthsOf(byFlag)).toEqual([64, 64, 64]);
  });

  it.each(['tokenize', 'eval'])('of %s must be of the range of the pack', async (command) => {
    expect(await kinoglyph(command, CLIP, ...PACK, '--keyframe-tokens', '257')).toBe(2);
    expect(said).toContain(
      'keyframeTokens must be a whole number of 32 to 256 for the pack pack-dynamic, got 257',
    );
  });

  it.each([
    ['40.5', 'expected int'],
    ['many', 'a positive number is needed, got many'],
  ])('of %s is bad usage', async (tokens, reason) => {
    expect(await kinoglyph('tokenize', CLIP, ...PACK, '--keyframe-tokens', tokens)).toBe(2);
    expect(said).toContain(reason);
  });

  it('is bad usage with a pack of fixed length', async () => {
    const flags = ['--models', 'test/fixtures', '--pack', 'pack-tiny', '--keyframe-tokens', '100'];
    expect(await kinoglyph('tokenize', CLIP, ...flags)).toBe(2);
    expect(said).toContain(
      'keyframeTokens needs a pack of dynamic length, got 100 for pack-tiny, whose keyframes have 256 ids',
    );
  });
});

it('packs ls tells what may be asked for', async () => {
  expect(await kinoglyph('packs', 'ls', '--json', '--models', 'test/fixtures')).toBe(0);
  const rows = JSON.parse(printed) as { name?: string; keyframeTokens?: object }[];
  const rowOf = (name: string) => rows.find((row) => row.name === name);
  expect(rowOf('pack-dynamic')).toMatchObject({ keyframeTokens: { default: 128, least: 32, most: 256 } });
  expect(rowOf('pack-tiny')).not.toHaveProperty('keyframeTokens');
});
