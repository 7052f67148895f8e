import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadPack } from '../../../pipeline/models/pack.ts';
import { verifyPack } from '../../../pipeline/models/verify-pack.ts';
import {
  copyPack,
  copyTinyPack,
  DEFAULT_PACK,
  DYNAMIC_PACK,
  LADDER_PACK,
  TINY_PACK,
} from '../../support/packs.ts';

const verify = async (folder: string): Promise<void> => verifyPack(await loadPack(folder));

describe('verifyPack', () => {
  it.each([TINY_PACK, DYNAMIC_PACK, LADDER_PACK, DEFAULT_PACK])(
    'finds %s to be as its manifest says',
    async (folder) => {
      await expect(verify(folder)).resolves.toBeUndefined();
    },
  );

  it('tells the shape that the manifest wants and the one that the graph has', async () => {
    await using copy = await copyTinyPack();
    await copy.edit((manifest) => {
      manifest.visual.width = 128;
    });
    await expect(verify(copy.folder)).rejects.toMatchObject({
      code: 'bad-pack',
      message: expect.stringMatching(
        /input pixels must have the shape \[N, 3, 256, 128\].*got \[N, 3, 256, 256\]/,
      ),
    });
  });

  it('tells the number of ids that differs', async () => {
    await using copy = await copyTinyPack();
    await copy.edit((manifest) => {
      manifest.motion.tokensPerChunk = 40;
    });
    await expect(verify(copy.folder)).rejects.toThrow(
      /output ids must have the shape \[N, 40\].*got \[N, 45\]/,
    );
  });

  it('tells the inputs that a graph of fixed length lacks where the manifest says dynamic', async () => {
    await using copy = await copyPack(DYNAMIC_PACK);
    await copy.replaceGraph('visual-encoder.onnx', await readFile(join(TINY_PACK, 'visual-encoder.onnx')));
    await expect(verify(copy.folder)).rejects.toThrow(
      'input names must be pixels, threshold, cap, got pixels',
    );
  });

  it.each([
    ['visual-encoder.onnx', 'input names must be pixels, grid, got pixels'],
    ['visual-decoder.onnx', 'input names must be ids, grid, got ids'],
  ])('tells that %s of a single grid cannot serve a ladder', async (file, message) => {
    await using copy = await copyPack(LADDER_PACK);
    await copy.replaceGraph(file, await readFile(join(TINY_PACK, file)));
    await expect(verify(copy.folder)).rejects.toThrow(message);
  });

  it.each([
    ['visual-encoder.onnx', 'output ids must have the shape [N, P] of the manifest with N and P open'],
    ['visual-decoder.onnx', 'input ids must have the shape [N, P] of the manifest with N and P open'],
  ])('tells that %s of a ladder must leave the number of ids open', async (file, message) => {
    await using copy = await copyPack(LADDER_PACK);
    const graph = await readFile(join(LADDER_PACK, file));
    // TensorShapeProto.Dimension: dim_param (2) "P" becomes dim_value (1) 256, which takes as many bytes.
    graph.set([0x08, 0x80, 0x02], graph.indexOf(Buffer.of(0x12, 1, 0x50)));
    await copy.replaceGraph(file, graph);
    await expect(verify(copy.folder)).rejects.toThrow(`${message}, got [N, 256]`);
  });

  it('tells that the grid is two numbers', async () => {
    await using copy = await copyPack(LADDER_PACK);
    const graph = await readFile(join(LADDER_PACK, 'visual-decoder.onnx'));
    // The dim_value (1) 2 becomes an empty dim_param (2).
    graph.set([0x12, 0], graph.indexOf(Buffer.of(0x08, 2), graph.lastIndexOf('grid')));
    await copy.replaceGraph('visual-decoder.onnx', graph);
    await expect(verify(copy.folder)).rejects.toThrow(
      'input grid must have the shape [2] of the manifest, got []',
    );
  });

  it('tells the names that differ where graphs are exchanged', async () => {
    await using copy = await copyTinyPack();
    await copy.edit((manifest) => {
      const { warp } = manifest.detokenizers;
      const { encoder } = manifest.visual;
      manifest.visual.encoder = warp.visualDecoder;
      warp.visualDecoder = encoder;
    });
    await expect(verify(copy.folder)).rejects.toThrow('input names must be pixels, got ids');
  });

  it('says that a graph does not open', async () => {
    await using copy = await copyTinyPack();
    await copy.replaceGraph('motion-decoder.onnx', Uint8Array.of(0x08, 8));
    await expect(verify(copy.folder)).rejects.toMatchObject({
      code: 'bad-pack',
      message: expect.stringContaining('motion-decoder.onnx must open with onnxruntime'),
    });
  });
});
