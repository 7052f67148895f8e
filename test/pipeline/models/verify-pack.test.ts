import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadPack } from '../../../pipeline/models/pack.ts';
import { verifyPack } from '../../../pipeline/models/verify-pack.ts';
import { copyPack, copyTinyPack, DEFAULT_PACK, DYNAMIC_PACK, TINY_PACK } from '../../support/packs.ts';

const verify = async (folder: string): Promise<void> => verifyPack(await loadPack(folder));

describe('verifyPack', () => {
  it.each([TINY_PACK, DYNAMIC_PACK, DEFAULT_PACK])('finds %s to be as its manifest says', async (folder) => {
    await expect(verify(folder)).resolves.toBeUndefined();
  });

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
