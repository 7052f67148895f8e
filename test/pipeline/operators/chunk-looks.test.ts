import { describe, expect, it } from 'vitest';
import { ChunkLooks } from '../../../pipeline/operators/chunk-looks.ts';

const look = (tick: number, shade: number) => ({ tick, luma: Uint8Array.of(shade, shade) });
const shadesOf = (luma: Uint8Array | undefined) =>
  luma && Array.from(luma).filter((_, index) => index % 2 === 0);

describe('ChunkLooks', () => {
  it('has no looks where the clip has none', () => {
    expect(new ChunkLooks(4).take(0, 4)).toBeUndefined();
  });

  it('repeats a look until another picture is shown', () => {
    const looks = new ChunkLooks(4);
    looks.add(look(0, 10));
    looks.add(look(2, 12));
    looks.add(look(4, 14));
    expect(shadesOf(looks.take(0, 4))).toEqual([10, 10, 12, 12, 14]);
  });

  it('begins a chunk with the look that was in force, and leaves later ones for later', () => {
    const looks = new ChunkLooks(4);
    looks.add(look(0, 10));
    looks.add(look(3, 13));
    looks.add(look(5, 15));
    expect(shadesOf(looks.take(0, 4))).toEqual([10, 10, 10, 13, 13]);
    looks.add(look(8, 18));
    expect(shadesOf(looks.take(1, 4))).toEqual([13, 15, 15, 15, 18]);
  });

  it('repeats the last look for padding, whatever comes after it', () => {
    const looks = new ChunkLooks(4);
    looks.add(look(0, 10));
    looks.add(look(1, 11));
    looks.add(look(3, 13));
    expect(shadesOf(looks.take(0, 2))).toEqual([10, 11, 11, 11, 11]);
  });

  it('refuses a chunk before the first look', () => {
    const looks = new ChunkLooks(4);
    looks.add(look(5, 15));
    expect(() => looks.take(0, 4)).toThrow('a clip has the look of its keyframe');
  });
});
