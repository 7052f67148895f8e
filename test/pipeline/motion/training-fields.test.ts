import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { livePictures } from '../../../pipeline/codec/node-av-picture.ts';
import { BitstreamMotionSource } from '../../../pipeline/motion/bitstream-motion-source.ts';
import type { SampledField } from '../../../pipeline/motion/field-sampler.ts';
import { ReencodeMotionSource } from '../../../pipeline/motion/reencode-motion-source.ts';
import { collectFields, PAPER_MOTION } from '../../support/collect-fields.ts';
import { decodeAll } from '../../support/decode-all.ts';
import { readMediaUnits } from '../../support/media-units.ts';

/** Fields as `training/record_fields.py` makes them for the training of the motion tokenizer. */
interface Recorded {
  readonly video: string;
  readonly partsPerPx: number;
  readonly masked: number;
  readonly quantizer: number;
  /** Base64 of int16 [2, 20, 36], little-endian. */
  readonly bitstream: readonly string[];
  readonly reencode: readonly string[];
}

const fixture = (name: string): URL => new URL(`../../fixtures/${name}`, import.meta.url);
const recorded: Recorded = JSON.parse(readFileSync(fixture('golden/fields.json'), 'utf8'));

const sources = {
  bitstream: () => new BitstreamMotionSource(),
  reencode: () => new ReencodeMotionSource(PAPER_MOTION),
} as const;

function unpack(field: string): Int16Array {
  const bytes = Buffer.from(field, 'base64');
  return Int16Array.from({ length: bytes.length / 2 }, (_, at) => bytes.readInt16LE(at * 2));
}

/** Displacements in parts of a pixel, as they are recorded. */
function partsOf({ dx, dy, mask }: SampledField, size: { widthPx: number; heightPx: number }): number[] {
  const parts = (lengths: Float32Array, lengthPx: number) =>
    Array.from(lengths, (length, cell) =>
      mask[cell] ? length * lengthPx * recorded.partsPerPx : recorded.masked,
    );
  return [...parts(dx, size.widthPx), ...parts(dy, size.heightPx)];
}

afterEach(() => expect(livePictures()).toBe(0));

test.for(['bitstream', 'reencode'] as const)(
  'the fields of %s are those that the training learns from',
  async (name) => {
    expect(recorded.quantizer).toBe(PAPER_MOTION.reencode.quantizer);
    const pictures = await decodeAll(await readMediaUnits(fixture(`media/${recorded.video}`).pathname));
    await using source = sources[name]();
    const fields = await collectFields(source, pictures);
    const { size } = pictures[0]!;
    for (const each of pictures) each[Symbol.dispose]();
    const expected = recorded[name].map(unpack);
    expect(expected.length).toBeGreaterThan(0);
    let moving = 0;
    for (const [index, parts] of expected.entries()) {
      const actual = partsOf(fields[index]!, size);
      expect(actual).toHaveLength(parts.length);
      // One part in 64 px is the rounding of what was recorded.
      expect(actual.filter((part, at) => Math.abs(part - parts[at]!) > 1)).toEqual([]);
      moving += parts.filter((part) => part !== 0 && part !== recorded.masked).length;
    }
    expect(moving).toBeGreaterThan(1000);
  },
);
