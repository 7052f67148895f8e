import { cp, mkdir, mkdtemp, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TokenLayoutSchema } from '../../../client-sdk/protocol/messages.ts';
import { ConfigError } from '../../../pipeline/errors.ts';
import { listPacks, loadPack } from '../../../pipeline/models/pack.ts';
import { layoutOf } from '../../../pipeline/models/pack-manifest.ts';
import {
  copyPack,
  copyTinyPack,
  DEFAULT_PACK,
  DYNAMIC_PACK,
  LADDER,
  LADDER_PACK,
  TINY_PACK,
} from '../../support/packs.ts';

const failureOf = async (folder: string): Promise<string> => {
  const error: unknown = await loadPack(folder).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  expect(error).toHaveProperty('code', 'bad-pack');
  return (error as ConfigError).message;
};

describe('loadPack', () => {
  it('reads a pack and names what its ids depend on', async () => {
    const pack = await loadPack(TINY_PACK);
    expect(pack.manifest.name).toBe('pack-tiny');
    expect(pack.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(pack.graphs.motionDecoder).toBe(join(TINY_PACK, 'motion-decoder.onnx'));
  });

  it('gives the files that the manifest names and no others', async () => {
    const pack = await loadPack(TINY_PACK);
    expect(pack.file('pack.json')).toBe(join(TINY_PACK, 'pack.json'));
    expect(pack.file('visual-encoder.onnx')).toBe(join(TINY_PACK, 'visual-encoder.onnx'));
    for (const name of ['', '.', '../pack-coupled/pack.json', 'constructor', 'README.md'])
      expect(pack.file(name), name).toBeUndefined();
  });

  it('loads the pack that ships', async () => {
    const { manifest } = await loadPack(DEFAULT_PACK);
    expect(manifest.visual).toMatchObject({ columns: 16, rows: 16, codebookSize: 4096 });
  });

  it('names the file that is missing', async () => {
    await using copy = await copyTinyPack();
    await unlink(join(copy.folder, 'motion-encoder.onnx'));
    expect(await failureOf(copy.folder)).toContain('motion-encoder.onnx must be a readable file');
  });

  it('tells both hashes of a graph that was changed', async () => {
    await using copy = await copyTinyPack();
    const { manifest } = await loadPack(copy.folder);
    await writeFile(join(copy.folder, 'visual-decoder.onnx'), 'not the graph');
    const message = await failureOf(copy.folder);
    expect(message).toContain(manifest.detokenizers.warp.visualDecoder.sha256);
    expect(message).toMatch(/got [0-9a-f]{64}$/);
  });

  it.each(['../pack-tiny/visual-encoder.onnx', '/etc/passwd.onnx', '..onnx', 'a\\b.onnx', 'weights.bin'])(
    'refuses the graph name %s',
    async (file) => {
      await using copy = await copyTinyPack();
      await copy.edit((manifest) => {
        manifest.visual.encoder.file = file;
      });
      expect(await failureOf(copy.folder)).toContain('a graph is a bare file name');
    },
  );

  it('refuses a link, wherever it leads', async () => {
    await using copy = await copyTinyPack();
    const path = join(copy.folder, 'visual-encoder.onnx');
    await unlink(path);
    await symlink(join(TINY_PACK, 'visual-encoder.onnx'), path);
    expect(await failureOf(copy.folder)).toContain('must be a regular file');
  });

  it('refuses keys that it does not know', async () => {
    await using copy = await copyTinyPack();
    await copy.edit((manifest) => {
      manifest.colour = 'blue';
    });
    expect(await failureOf(copy.folder)).toContain('"colour"');
  });

  it('refuses values outside their range and says where', async () => {
    await using copy = await copyTinyPack();
    await copy.edit((manifest) => {
      manifest.motion.reencode.quantizer = 32;
    });
    expect(await failureOf(copy.folder)).toMatch(/motion\.reencode\.quantizer/);
  });

  it('refuses one file in two roles', async () => {
    await using copy = await copyTinyPack();
    await copy.edit((manifest) => {
      manifest.motion.encoder = manifest.visual.encoder;
    });
    expect(await failureOf(copy.folder)).toContain('visual-encoder.onnx twice');
  });

  it('refuses a manifest that is not JSON, and a folder without one', async () => {
    await using copy = await copyTinyPack();
    await writeFile(join(copy.folder, 'pack.json'), '{');
    expect(await failureOf(copy.folder)).toContain('must be JSON');
    await unlink(join(copy.folder, 'pack.json'));
    expect(await failureOf(copy.folder)).toContain('pack.json must be a readable file');
  });

  it('refuses a graph whose numbers lie in another file', async () => {
    await using copy = await copyTinyPack();
    // ModelProto.graph (7) → GraphProto.initializer (5) → TensorProto.data_location (14) = EXTERNAL (1).
    await copy.replaceGraph('visual-encoder.onnx', Uint8Array.of(0x3a, 4, 0x2a, 2, 0x70, 1));
    expect(await failureOf(copy.folder)).toContain('external data');
  });

  it('refuses a graph that is no ONNX model', async () => {
    await using copy = await copyTinyPack();
    await copy.replaceGraph('visual-encoder.onnx', new TextEncoder().encode('onnx?'));
    expect(await failureOf(copy.folder)).toContain('must be an ONNX model');
  });
});

describe('a pack of dynamic length', () => {
  const rows = (...tokens: readonly number[]) =>
    tokens.map((each, at) => ({ tokens: each, threshold: 1 - at / 4 }));
  it.each([
    ['no budget', { budget: undefined }, /budget/],
    ['a fixed length', { dynamic: false }, /Unrecognized key: "budget"/],
    ['a length that is neither', { dynamic: 'yes' }, /visual.dynamic must be true or false/],
    ['no row', { budget: { defaultTokens: 9, calibration: [] } }, /budget\.calibration/],
    [
      'a row twice',
      { budget: { defaultTokens: 64, calibration: rows(64, 64, 256) } },
      /tokens .* must ascend/,
    ],
    [
      'a threshold that rises',
      {
        budget: {
          defaultTokens: 64,
          calibration: rows(64, 256).map((row) => ({ ...row, threshold: row.tokens })),
        },
      },
      /thresholds .* must descend/,
    ],
    [
      'too short a table',
      { budget: { defaultTokens: 64, calibration: rows(64, 255) } },
      /all 256 positions, got 255/,
    ],
    [
      'a default below it',
      { budget: { defaultTokens: 63, calibration: rows(64, 256) } },
      /64 to 256 .* got 63/,
    ],
    [
      'a default above it',
      { budget: { defaultTokens: 257, calibration: rows(64, 256) } },
      /64 to 256 .* got 257/,
    ],
  ])('is refused with %s', async (_, visual, message) => {
    await using copy = await copyPack(DYNAMIC_PACK);
    await copy.edit((manifest) => Object.assign(manifest.visual, visual));
    expect(await failureOf(copy.folder)).toMatch(message);
  });

  it.each([32_001, 32_002 - 15, 36_097, 36_100 - 1, 36_100 + 1023])(
    'is refused where SKIP ids from %i on are something else',
    async (skipOffset) => {
      await using copy = await copyPack(DYNAMIC_PACK);
      await copy.edit((manifest) => {
        manifest.llm.skipOffset = skipOffset;
      });
      expect(await failureOf(copy.folder)).toContain(`must be nothing else's, got ${skipOffset}`);
    },
  );
});

describe('a pack with a ladder of grids', () => {
  const [small, middle, large] = LADDER;
  it.each([
    ['a dynamic length', { dynamic: true }, /Unrecognized key: "ladder"/],
    ['no grid', { ladder: { defaultTokens: 64, grids: [] } }, /ladder\.grids/],
    ['no default', { ladder: { grids: LADDER } }, /ladder\.defaultTokens/],
    [
      'grids that do not ascend',
      { ladder: { defaultTokens: 64, grids: [middle, small, large] } },
      /grids of the ladder must ascend in columns times rows/,
    ],
    [
      'two grids of as many ids',
      { ladder: { defaultTokens: 108, grids: [middle, { columns: 9, rows: 12 }, large] } },
      /grids of the ladder must ascend/,
    ],
    [
      'a last grid that is not its own',
      { ladder: { defaultTokens: 64, grids: [small, middle] } },
      /last grid of the ladder must be that of visual, 16x16 \(256\), got 12x9 \(108\)/,
    ],
    [
      'a last grid that only has as many ids',
      { ladder: { defaultTokens: 64, grids: [small, { columns: 32, rows: 8 }] } },
      /16x16 \(256\), got 32x8 \(256\)/,
    ],
    [
      'a default that is no grid',
      { ladder: { defaultTokens: 100, grids: LADDER } },
      /the ids of a grid, 8x8 \(64\), 12x9 \(108\) or 16x16 \(256\), got 100/,
    ],
  ])('is refused with %s', async (_, visual, message) => {
    await using copy = await copyPack(LADDER_PACK);
    await copy.edit((manifest) => Object.assign(manifest.visual, visual));
    expect(await failureOf(copy.folder)).toMatch(message);
  });
});

describe('listPacks', () => {
  it('lists good packs and bad ones, in order', async () => {
    const models = await mkdtemp(join(tmpdir(), 'models-'));
    try {
      await using copy = await copyTinyPack();
      await cp(copy.folder, join(models, 'b-good'), { recursive: true });
      await mkdir(join(models, 'a-empty'));
      await writeFile(join(models, 'README.md'), '');
      const found = await listPacks(models);
      expect(found.map(({ folder }) => folder)).toEqual([join(models, 'a-empty'), join(models, 'b-good')]);
      expect(found[0]).toHaveProperty('error.code', 'bad-pack');
      expect(found[1]).toHaveProperty('pack.manifest.name', 'pack-tiny');
    } finally {
      await rm(models, { recursive: true });
    }
  });
});

describe('layoutOf', () => {
  it('tells the tokens that were asked for, or the default, where the length is dynamic', async () => {
    const { manifest } = await loadPack(DYNAMIC_PACK);
    expect(layoutOf(manifest).visual).toMatchObject({ dynamic: true, tokens: 128 });
    expect(layoutOf(manifest, { keyframeTokens: 40 }).visual.tokens).toBe(40);
    expect(layoutOf(manifest).llm.skipOffset).toBe(37_124);
    const { manifest: fixed } = await loadPack(TINY_PACK);
    expect(layoutOf(fixed).visual).not.toHaveProperty('tokens');
  });

  it('tells the grid of the ids that were asked for, or of the default, where there is a ladder', async () => {
    const { manifest } = await loadPack(LADDER_PACK);
    const grids = [undefined, 64, 255, 256].map((keyframeTokens) => {
      const { columns, rows, dynamic, tokens } = layoutOf(manifest, { keyframeTokens }).visual;
      expect({ dynamic, tokens }).toEqual({ dynamic: false, tokens: undefined });
      return { columns, rows };
    });
    expect(grids).toEqual([LADDER[1], LADDER[0], LADDER[1], LADDER[2]]);
  });

  it('gives what a start message carries', async () => {
    const { manifest } = await loadPack(TINY_PACK);
    const layout = layoutOf(manifest);
    expect(TokenLayoutSchema.parse(layout)).toEqual(layout);
    expect(layout.motion).toEqual({
      columns: 36,
      rows: 20,
      fieldsPerChunk: 8,
      tokensPerChunk: 45,
      codebookSize: 1024,
    });
  });
});
