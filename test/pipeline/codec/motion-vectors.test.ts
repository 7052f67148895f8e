import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { VECTOR_FIELDS } from '../../../pipeline/codec/motion-vectors.ts';
import { livePictures } from '../../../pipeline/codec/node-av-picture.ts';
import type { Picture } from '../../../pipeline/types.ts';
import { decodeAll } from '../../support/decode-all.ts';
import { readMediaUnits } from '../../support/media-units.ts';

interface Golden {
  readonly fixtures: Record<
    string,
    {
      readonly pictures: { kind: string; size: [number, number]; count: number; sha256: string }[];
      readonly shown: { picture: number; records: number[][] };
    }
  >;
}

const golden: Golden = JSON.parse(
  readFileSync(new URL('../../fixtures/golden/motion-vectors.json', import.meta.url), 'utf8'),
);

const describePicture = ({ kind, size, vectors }: Picture): unknown => ({
  kind,
  size: [size.widthPx, size.heightPx],
  count: vectors?.count ?? 0,
  sha256: createHash('sha256')
    .update(vectors?.records ?? new Uint8Array())
    .digest('hex'),
});

const firstRecords = ({ vectors }: Picture, count: number): number[][] =>
  Array.from({ length: count }, (_, index) =>
    Array.from(vectors!.records.subarray(index * VECTOR_FIELDS, (index + 1) * VECTOR_FIELDS)),
  );

afterEach(() => expect(livePictures()).toBe(0));

test('the golden file covers every way in which vectors differ', () => {
  expect(Object.keys(golden.fixtures)).toEqual([
    'city-h264-p.h264',
    'city-h264-b.ts',
    'city-h264-open-gop.ts',
    'city-mpeg2.ts',
    'city-mpeg4.m4v',
    'city-mpeg4-b.m4v',
    'motion-four-vectors.m4v',
    'motion-intra-refresh.h264',
    'motion-many-references.h264',
    'motion-partitions.h264',
    'motion-size-change.h264',
    'motion-slices.h264',
  ]);
});

test.each(Object.entries(golden.fixtures))(
  'all vectors of %s equal those that FFmpeg exports',
  async (name, fixture) => {
    const path = new URL(`../../fixtures/media/${name}`, import.meta.url).pathname;
    const pictures = await decodeAll(await readMediaUnits(path));
    try {
      const { picture, records } = fixture.shown;
      expect(firstRecords(pictures[picture]!, records.length)).toEqual(records);
      expect(pictures.map(describePicture)).toEqual(fixture.pictures);
    } finally {
      for (const each of pictures) each[Symbol.dispose]();
    }
  },
);

test('intra pictures carry no vectors', async () => {
  const path = new URL('../../fixtures/media/city-h264-p.h264', import.meta.url).pathname;
  const pictures = await decodeAll(await readMediaUnits(path));
  const intra = pictures.filter((each) => each.kind === 'I');
  expect(intra).not.toHaveLength(0);
  expect(intra.map((each) => each.vectors)).toEqual(intra.map(() => undefined));
  for (const each of pictures) each[Symbol.dispose]();
});
