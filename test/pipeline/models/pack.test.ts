import { cp, mkdir, mkdtemp, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TokenLayoutSchema } from '../../../client-sdk/protocol/messages.ts';
import { listPacks, loadPack } from '../../../pipeline/models/pack.ts';
import { layoutOf } from '../../../pipeline/models/pack-manifest.ts';
import {
  copyTinyPack,
  DEFAULT_PACK,
  DYNAMIC_PACK,
  failureOf,
  LADDER,
  LADDER_PACK,
  TINY_PACK,
} from '../../support/packs.ts';

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
