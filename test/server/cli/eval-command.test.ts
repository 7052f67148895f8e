import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FIGURE_NAMES, FIGURES, type Figures } from '../../../pipeline/eval/figures.ts';
import { folderBytes } from '../../../pipeline/eval/folder-bytes.ts';
import { GRAPH_ROLES } from '../../../pipeline/models/pack-manifest.ts';
import type { GraphMs } from '../../../pipeline/models/time-graphs.ts';
import { evalTable, figureDefinitions } from '../../../server/cli/eval-table.ts';
import { runProgram } from '../../../server/cli/program.ts';
import { readPng } from '../../support/read-png.ts';

interface SetJson {
  readonly files: readonly string[];
  readonly mean: Figures;
  readonly worst: readonly { readonly file: string; readonly keyframeDb: number }[];
}

interface EvalJson {
  readonly pack: { readonly bytes: number };
  readonly graphMs: GraphMs;
  readonly files: readonly { readonly file: string; readonly set: string; readonly figures: Figures }[];
  readonly report?: SetJson;
  readonly tune?: SetJson;
  readonly failed: readonly unknown[];
}

const PACK = ['--models', 'test/fixtures', '--pack', 'pack-tiny', '--workers', '1'];
let printed: string;
let said: string;

beforeEach(() => {
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

afterEach(() => {
  vi.restoreAllMocks();
  // The command tells a failed file by the exit code of the process, which here is that of the tests.
  process.exitCode = undefined;
});

const kinoglyph = (...args: string[]): Promise<number> => runProgram(['node', 'kinoglyph', ...args]);

describe('kinoglyph eval', () => {
  it('prints files and their mean as JSON', async () => {
    const inputs = ['test/fixtures/media/city-h264-p.ts', 'test/fixtures/media/wanna-h264-aac.ts'];
    expect(await kinoglyph('eval', ...inputs, '--seconds', '1', '--no-av1', '--json', ...PACK)).toBe(0);
    const { files, report, failed, graphMs, pack } = JSON.parse(printed) as EvalJson;
    const { mean, worst } = report!;
    expect(files.map(({ file }) => file)).toEqual(inputs);
    expect(failed).toEqual([]);
    for (const role of GRAPH_ROLES) expect(graphMs[role], role).toSatisfy(Number.isFinite);
    expect(pack.bytes).toBe(await folderBytes('test/fixtures/pack-tiny'));
    expect(worst.map(({ keyframeDb }) => keyframeDb)).toEqual(
      worst.map(({ keyframeDb }) => keyframeDb).toSorted((a, b) => a - b),
    );
    expect(inputs).toContain(worst[0]!.file);
    expect(Object.keys(mean)).toEqual(FIGURE_NAMES);
    for (const name of ['tokensPerSecond', 'keyframeDb', 'thumbnailDb', 'previewDb'] as const)
      expect(mean[name]).toBeCloseTo((files[0]!.figures[name]! + files[1]!.figures[name]!) / 2, 9);
  });

  it('tells files that settings were chosen on apart, and counts them in no mean of the others', async () => {
    const [report, tune] = ['test/fixtures/media/city-h264-p.ts', 'test/fixtures/media/wanna-h264-aac.ts'];
    const flags = ['--tune', tune, '--seconds', '0.5', '--no-av1', '--json', ...PACK];
    expect(await kinoglyph('eval', report, ...flags)).toBe(0);
    const told = JSON.parse(printed) as EvalJson;
    expect(told.files.map(({ file, set }) => [file, set])).toEqual([
      [report, 'report'],
      [tune, 'tune'],
    ]);
    for (const [at, set] of [told.report, told.tune].entries()) {
      expect(set?.files).toEqual([told.files[at]?.file]);
      expect(set?.mean.keyframeDb).toBe(told.files[at]?.figures.keyframeDb);
    }
    expect(told.report?.mean.keyframeDb).not.toBe(told.tune?.mean.keyframeDb);
  });

  it('refuses a file that is both', async () => {
    const file = 'test/fixtures/media/city-h264-p.ts';
    expect(await kinoglyph('eval', file, '--tune', file, ...PACK)).toBe(2);
    expect(said).toContain(`got ${file} as both`);
  });

  it('writes a sheet of originals and what was rebuilt of them, and says what it shows', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sheet-'));
    try {
      const sheet = join(folder, 'sheet.png');
      const input = 'test/fixtures/media/wanna-h264-aac.ts';
      expect(await kinoglyph('eval', input, '--sheet', sheet, '--seconds', '1', '--no-av1', ...PACK)).toBe(0);
      const { widthPx, heightPx } = readPng(await readFile(sheet));
      const clips = [...printed.matchAll(/^ {4}wanna.* dB$/gm)].length;
      // Two clips, both spread over the file and both among the worst: named twice, shown once.
      expect(clips).toBe(4);
      expect([widthPx, heightPx]).toEqual([2 * 260 + 4, 4 * 260 + 4]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('prints a curve over budgets, and says where the mean is not what was asked for', async () => {
    const input = 'test/fixtures/media/city-h264-p.ts';
    const dynamic = ['--models', 'test/fixtures', '--pack', 'pack-dynamic'];
    const flags = ['--curve', '256,64', '--seconds', '0.5', '--no-av1', ...dynamic];
    expect(await kinoglyph('eval', input, ...flags, '--json')).toBe(0);
    const { mean, budgets } = JSON.parse(printed) as {
      budgets: readonly number[];
      mean: readonly { askedTokens: number; keyframeTokens: number; isWithinBudget: boolean }[];
    };
    expect(budgets).toEqual([64, 256]);
    expect(mean.map(({ askedTokens }) => askedTokens)).toEqual([64, 256]);
    expect(mean[1]).toMatchObject({ keyframeTokens: 256, isWithinBudget: true });
    // The thresholds of this pack are not calibrated: a busy street gets as many as the cap lets it have.
    expect(mean[0]).toMatchObject({ keyframeTokens: 128, isWithinBudget: false });
  });

  it('prints a curve over the grids of a ladder, and what was asked for beside what they have', async () => {
    const input = 'test/fixtures/media/city-h264-p.ts';
    const ladder = ['--models', 'test/fixtures', '--pack', 'pack-ladder'];
    expect(
      await kinoglyph('eval', input, '--curve', '256,100', '--seconds', '0.5', '--no-av1', ...ladder),
    ).toBe(0);
    expect(printed).toContain('100 asked: 64.0 ids a keyframe, no more than asked');
    expect(printed).toContain('256 asked: 256.0 ids a keyframe, no more than asked');
    expect(printed).toMatch(/64 ids \d+\.\d+ dB, 256 ids/);
  });

  it('refuses a curve of a pack without budgets, and budgets that are none', async () => {
    const input = 'test/fixtures/media/city-h264-p.ts';
    expect(await kinoglyph('eval', input, '--curve', '64', ...PACK)).toBe(2);
    expect(said).toContain('a curve needs a pack of dynamic length');
    expect(await kinoglyph('eval', input, '--curve', '64,x', ...PACK)).toBe(2);
    expect(said).toContain('whole numbers above zero with commas between them are needed, got 64,x');
  });

  it('measures the other files where one fails, and says which', async () => {
    const inputs = ['test/fixtures/media/audio-only.ts', 'test/fixtures/media/wanna-h264-aac.ts'];
    expect(await kinoglyph('eval', ...inputs, '--seconds', '0.5', '--no-av1', ...PACK)).toBe(1);
    expect(said).toContain('kinoglyph: test/fixtures/media/audio-only.ts: ');
    expect(printed).toMatch(/wanna-h264-aac\.ts +mean of 1/);
  });

  it('defines every figure in its help', async () => {
    expect(await kinoglyph('eval', '--help')).toBe(0);
    for (const { definition } of Object.values(FIGURES)) expect(printed).toContain(definition);
    expect(printed).toContain('ffmpeg -fflags +genpts -i in.avi');
  });
});

describe('figureDefinitions', () => {
  it('is what the documentation says', () => {
    const documentation = readFileSync('docs/eval.md', 'utf8');
    for (const name of FIGURE_NAMES) {
      const { label, unit, definition } = FIGURES[name];
      expect(documentation).toContain(`| \`${name}\` | ${label}${unit && `, ${unit}`} | ${definition} |`);
    }
    expect(figureDefinitions().split('\n')).toHaveLength(FIGURE_NAMES.length);
  });
});

describe('evalTable', () => {
  it('lines up figures, with a dash where there is none', () => {
    const figures = Object.fromEntries(FIGURE_NAMES.map((name) => [name, null])) as Figures;
    const lines = evalTable([
      { title: 'a-file-with-a-very-long-name.mp4', figures: { ...figures, keyframeDb: 24.256 } },
      { title: 'b', figures },
    ]).split('\n');
    expect(lines).toHaveLength(FIGURE_NAMES.length + 1);
    expect(lines[0]).toBe(`${' '.repeat(24)}…-very-long-name.mp4  b`);
    expect(lines.find((line) => line.startsWith('keyframe  '))).toBe(
      `${'keyframe'.padEnd(15)}  ${'dB'.padEnd(5)}  ${'24.26'.padStart(20)}  -`,
    );
  });
});
