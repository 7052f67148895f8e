import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { micros } from '../../../client-sdk/protocol/units.ts';
import { Mp4Writer } from '../../../pipeline/codec/mp4-writer.ts';
import { decodeAll } from '../../support/decode-all.ts';
import { readMediaUnits } from '../../support/media-units.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kinoglyph-mp4-'));
});

afterAll(() => rm(folder, { recursive: true }));

const SOURCE = { widthPx: 64, heightPx: 64 };
const colour = (r: number, g: number, b: number): Uint8Array =>
  Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => [r, g, b][at % 3]!);

describe('Mp4Writer', () => {
  it('keeps colours, size and uneven times', async () => {
    const path = join(folder, 'colours.mp4');
    const writer = await Mp4Writer.open(path, { source: SOURCE, target: { widthPx: 96, heightPx: 64 } });
    const shown = [colour(200, 40, 30), colour(20, 180, 60), colour(30, 50, 220)];
    const times = [0, 83_333, 900_000];
    for (const [index, rgb] of shown.entries()) await writer.write(rgb, micros(times[index]!));
    await writer.finish(micros(1_000_000));
    const media = await readMediaUnits(path);
    expect(media.units.map((unit) => unit.pts)).toEqual(times);
    const pictures = await decodeAll(media);
    expect(pictures.map(({ size }) => [size.widthPx, size.heightPx])).toEqual([
      [96, 64],
      [96, 64],
      [96, 64],
    ]);
    for (const [index, picture] of pictures.entries()) {
      const rgb = await picture.toRgb({ widthPx: 1, heightPx: 1 });
      for (const channel of [0, 1, 2])
        expect(Math.abs(rgb[channel]! - shown[index]![channel]!)).toBeLessThanOrEqual(4);
      picture[Symbol.dispose]();
    }
  });

  it('says which file it cannot write', async () => {
    const path = join(folder, 'no-such-folder', 'a.mp4');
    await expect(Mp4Writer.open(path, { source: SOURCE, target: SOURCE })).rejects.toThrow(
      `Open ${path} failed: No such file or directory`,
    );
  });

  it('can be given up', async () => {
    const writer = await Mp4Writer.open(join(folder, 'given-up.mp4'), { source: SOURCE, target: SOURCE });
    await writer.write(colour(1, 2, 3), micros(0));
    await writer[Symbol.asyncDispose]();
    await writer[Symbol.asyncDispose]();
  });
});
