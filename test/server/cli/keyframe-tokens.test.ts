import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Message } from '../../../client-sdk/protocol/messages.ts';
import { runProgram } from '../../../server/cli/program.ts';

const CLIP = 'test/fixtures/media/city-h264-p.ts';
const COMMON = ['--models', 'test/fixtures', '--workers', '1', '--provider', 'cpu'];
const PACK = [...COMMON, '--pack', 'pack-dynamic'];
const LADDER = [...COMMON, '--pack', 'pack-ladder'];
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

const records = (): string => join(folder, 'tokens.ndjson');

async function tokenized(pack: readonly string[], ...flags: string[]): Promise<Message[]> {
  const output = records();
  expect(await kinoglyph('tokenize', CLIP, '-o', output, ...pack, ...flags), said).toBe(0);
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
    const byVariable = await tokenized(PACK);
    expect(askedOf(byVariable)).toBe(50);
    expect(lengthsOf(byVariable)).toEqual([100, 100, 100]);
    const byFlag = await tokenized(PACK, '--keyframe-tokens', '32');
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
      'keyframeTokens needs a pack of dynamic length or with a ladder of grids, got 100 for pack-tiny, whose keyframes have 256 ids',
    );
  });
});

describe('--keyframe-tokens, with a ladder of grids', () => {
  const gridOf = (messages: readonly Message[]): unknown =>
    messages.flatMap((message) => (message.type === 'start' ? [message.layout.visual] : []))[0];

  it.each([
    [[], { columns: 12, rows: 9 }],
    [['--keyframe-tokens', '64'], { columns: 8, rows: 8 }],
    [['--keyframe-tokens', '255'], { columns: 12, rows: 9 }],
    [['--keyframe-tokens', '256'], { columns: 16, rows: 16 }],
  ])('%s gives keyframes that the records tell the grid of, and detokenize opens', async (flags, grid) => {
    const messages = await tokenized(LADDER, ...flags);
    expect(gridOf(messages)).toMatchObject({ ...grid, dynamic: false });
    const count = grid.columns * grid.rows;
    expect(lengthsOf(messages)).toEqual([count, count, count]);
    const video = join(folder, 'rebuilt.mp4');
    expect(
      await kinoglyph('detokenize', records(), '-o', video, ...LADDER.slice(0, 2), '--pack', 'pack-ladder'),
      said,
    ).toBe(0);
  });

  it('detokenize takes records of several grids, and refuses a grid that the pack lacks', async () => {
    const small = await tokenized(LADDER, '--keyframe-tokens', '64');
    const large = await tokenized(LADDER, '--keyframe-tokens', '256');
    const rebuild = async (messages: readonly Message[]): Promise<number> => {
      await writeFile(records(), messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
      const video = join(folder, 'rebuilt.mp4');
      return kinoglyph(
        'detokenize',
        records(),
        '-o',
        video,
        '--models',
        'test/fixtures',
        '--pack',
        'pack-ladder',
      );
    };
    expect(await rebuild([...small, ...large]), said).toBe(0);
    const foreign = small.map((message) => {
      if (message.type !== 'start') return message;
      const visual = { ...message.layout.visual, columns: 9, rows: 12 };
      return { ...message, layout: { ...message.layout, visual } };
    });
    expect(await rebuild(foreign)).toBe(1);
    expect(said).toContain("the detokenizer's geometry is not that of pack pack-ladder");
    const [start] = small;
    expect(await rebuild([start!, ...large.slice(1)])).toBe(1);
    expect(said).toContain('ids must be 64, got 256');
  });

  it.each(['tokenize', 'eval'])('of %s must be of the range of the pack', async (command) => {
    expect(await kinoglyph(command, CLIP, ...LADDER, '--keyframe-tokens', '63')).toBe(2);
    expect(said).toContain('whose keyframes are 8x8 (64), 12x9 (108) or 16x16 (256), got 63');
  });

  it('of eval is told with what was made of it', async () => {
    const flags = ['--keyframe-tokens', '200', '--seconds', '0.5', '--no-av1'];
    expect(await kinoglyph('eval', CLIP, ...flags, ...LADDER), said).toBe(0);
    expect(printed).toContain('200 asked: 108.0 ids a keyframe, no more than asked');
  });
});

it('packs ls tells what may be asked for', async () => {
  expect(await kinoglyph('packs', 'ls', '--json', '--models', 'test/fixtures')).toBe(0);
  const rows = JSON.parse(printed) as { name?: string; keyframeTokens?: object }[];
  const rowOf = (name: string) => rows.find((row) => row.name === name);
  expect(rowOf('pack-dynamic')).toMatchObject({ keyframeTokens: { default: 128, least: 32, most: 256 } });
  expect(rowOf('pack-ladder')).toMatchObject({
    keyframeTokens: {
      default: 108,
      grids: [
        { columns: 8, rows: 8, tokens: 64 },
        { columns: 12, rows: 9, tokens: 108 },
        { columns: 16, rows: 16, tokens: 256 },
      ],
    },
  });
  expect(rowOf('pack-tiny')).not.toHaveProperty('keyframeTokens');
  printed = '';
  expect(await kinoglyph('packs', 'ls', '--models', 'test/fixtures')).toBe(0);
  expect(printed).toContain('keyframes of 8x8 (64), 12x9 (108) or 16x16 (256) ids');
  expect(printed).toMatch(/pack-dynamic .*keyframes of 32 to 256 ids/);
  expect(printed).toMatch(/pack-tiny .*keyframes of 16x16 \(256\) ids/);
});
