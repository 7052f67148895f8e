import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FIGURE_NAMES, FIGURES, type Figures } from '../../../pipeline/eval/figures.ts';
import { evalTable, figureDefinitions } from '../../../server/cli/eval-table.ts';
import { runProgram } from '../../../server/cli/program.ts';

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
    const { files, mean, failed } = JSON.parse(printed) as {
      files: { file: string; figures: Figures }[];
      mean: Figures;
      failed: unknown[];
    };
    expect(files.map(({ file }) => file)).toEqual(inputs);
    expect(failed).toEqual([]);
    expect(Object.keys(mean)).toEqual(FIGURE_NAMES);
    for (const name of ['tokensPerSecond', 'keyframeDb', 'thumbnailDb', 'previewDb'] as const)
      expect(mean[name]).toBeCloseTo((files[0]!.figures[name]! + files[1]!.figures[name]!) / 2, 9);
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
    expect(lines[0]).toBe(`${' '.repeat(22)}…-very-long-name.mp4  b`);
    expect(lines.find((line) => line.startsWith('keyframe'))).toBe(
      `${'keyframe'.padEnd(13)}  ${'dB'.padEnd(5)}  ${'24.26'.padStart(20)}  -`,
    );
  });
});
