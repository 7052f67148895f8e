import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasExternalData } from '../../../pipeline/models/external-data.ts';
import { TINY_PACK } from '../../support/packs.ts';

/** A field that holds bytes: tag, length, bytes. */
const field = (number: number, ...content: number[]): number[] => {
  const tag = number * 8 + 2;
  return [...(tag < 128 ? [tag] : [(tag & 0x7f) | 0x80, tag >> 7]), content.length, ...content];
};
const located = [0x70, 1];
const named = field(13, ...field(1, 0x6c));

describe('hasExternalData', () => {
  it.each([
    ['an initializer', field(7, ...field(5, ...located))],
    ['an initializer that only names a file', field(7, ...field(5, ...named))],
    ['a constant', field(7, ...field(1, ...field(5, ...field(5, ...located))))],
    ['a list of constants', field(7, ...field(1, ...field(5, ...field(10, ...located))))],
    ['a sparse initializer', field(7, ...field(15, ...field(1, ...located)))],
    ['a graph inside a node', field(7, ...field(1, ...field(5, ...field(6, ...field(5, ...located)))))],
    ['a function', field(25, ...field(7, ...field(5, ...field(5, ...located))))],
  ])('finds it in %s', (_, bytes) => {
    expect(hasExternalData(Uint8Array.from(bytes))).toBe(true);
  });

  it('takes the same bytes in other places for what they are', () => {
    // ModelProto.producer_name (2) and TensorProto.raw_data (9) may hold anything; location 0 is the model itself.
    expect(hasExternalData(Uint8Array.from(field(2, ...field(5, ...located))))).toBe(false);
    expect(hasExternalData(Uint8Array.from(field(7, ...field(5, ...field(9, ...located)))))).toBe(false);
    expect(hasExternalData(Uint8Array.from(field(7, ...field(5, 0x70, 0))))).toBe(false);
  });

  it('finds none in real graphs', async () => {
    for (const file of ['visual-encoder.onnx', 'motion-decoder.onnx'])
      expect(hasExternalData(await readFile(join(TINY_PACK, file)))).toBe(false);
  });

  it('refuses bytes that end too early or are no protobuf', () => {
    expect(() => hasExternalData(Uint8Array.of(0x3a, 9, 0))).toThrow('ends inside a field');
    expect(() => hasExternalData(Uint8Array.of(0x80))).toThrow('ends inside a number');
    expect(() => hasExternalData(Uint8Array.of(0x3b))).toThrow('wire type 3');
    expect(() => hasExternalData(new Uint8Array(12).fill(0xff))).toThrow('more than ten bytes');
  });
});
