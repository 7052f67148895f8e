import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { runProgram } from '../../../server/cli/program.ts';
import { readMediaUnits } from '../../support/media-units.ts';

const PACK = ['--models', 'test/fixtures', '--pack', 'pack-tiny'];
const MEDIA = 'test/fixtures/media/city-h264-p.ts';
let folder: string;
let records: string;
let said: string;

/** Runs the command line in this process; what it writes to standard error is in `said`. */
const kinoglyph = (...args: string[]): Promise<number> => runProgram(['node', 'kinoglyph', ...args]);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kinoglyph-cli-'));
  records = join(folder, 'city.ndjson');
  expect(await kinoglyph('tokenize', MEDIA, '-o', records, '--workers', '1', ...PACK)).toBe(0);
});

afterAll(() => rm(folder, { recursive: true }));

beforeEach(() => {
  said = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
});

afterEach(() => vi.restoreAllMocks());

describe('kinoglyph detokenize', () => {
  it('writes the video that the records stand for, at the display aspect', async () => {
    const output = join(folder, 'city.mp4');
    expect(await kinoglyph('detokenize', records, '-o', output, '--json', ...PACK)).toBe(0);
    const summary = JSON.parse(said) as { pictures: number; seconds: number };
    expect(summary).toMatchObject({ widthPx: 456, heightPx: 256 });
    expect(summary.seconds).toBeCloseTo(3, 1);
    const { format, units } = await readMediaUnits(output);
    expect(format).toMatchObject({ codec: 'h264', widthPx: 456, heightPx: 256 });
    expect(units).toHaveLength(summary.pictures);
    await expect(stat(`${output}.part`)).rejects.toThrow('ENOENT');
  });

  it('resamples to a constant rate, and keeps the square picture of the pack', async () => {
    const output = join(folder, 'square.mp4');
    const args = ['--fps', '25', '--no-original-aspect'];
    expect(await kinoglyph('detokenize', records, '-o', output, ...args, ...PACK)).toBe(0);
    const { format, units } = await readMediaUnits(output);
    expect(format).toMatchObject({ widthPx: 256, heightPx: 256 });
    const distances = units.slice(1).map((unit, index) => unit.pts - units[index]!.pts);
    expect(new Set(distances)).toEqual(new Set([40_000]));
  });

  it('refuses records of another pack, unless forced', async () => {
    const foreign = join(folder, 'foreign.ndjson');
    const text = await readFile(records, 'utf8');
    await writeFile(foreign, text.replace(/"sha256":"[0-9a-f]+"/, `"sha256":"${'0'.repeat(64)}"`));
    const output = join(folder, 'foreign.mp4');
    expect(await kinoglyph('detokenize', foreign, '-o', output, ...PACK)).toBe(1);
    expect(said).toContain(
      'records need the pack that made them, pack-tiny 1.0.0 (000000000000), got pack-tiny',
    );
    await expect(stat(output)).rejects.toThrow('ENOENT');
    expect(await kinoglyph('detokenize', foreign, '-o', output, '--force', ...PACK)).toBe(0);
  });

  it('leaves nothing behind where the records are cut off', async () => {
    const cut = join(folder, 'cut.ndjson');
    await writeFile(cut, (await readFile(records)).subarray(0, 5000));
    const output = join(folder, 'cut.mp4');
    expect(await kinoglyph('detokenize', cut, '-o', output, ...PACK)).toBe(1);
    expect(said).toMatch(/cut\.ndjson, line \d+, which is cut off: .*\(bad-request\)/);
    await expect(stat(output)).rejects.toThrow('ENOENT');
    await expect(stat(`${output}.part`)).rejects.toThrow('ENOENT');
  });

  it('tells bad usage from failure', async () => {
    expect(await kinoglyph('detokenize', records, ...PACK)).toBe(2);
    expect(await kinoglyph('detokenize', records, '-o', join(folder, 'x.mp4'), '--fps', '0', ...PACK)).toBe(
      2,
    );
    expect(await kinoglyph('detokenize', join(folder, 'none'), '-o', join(folder, 'x.mp4'), ...PACK)).toBe(1);
  });
});
