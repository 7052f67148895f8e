import { describe, expect, test } from 'vitest';
import { MediaError } from '../../../pipeline/errors.ts';
import { chooseMotionSource } from '../../../pipeline/motion/choose-motion-source.ts';
import { VIDEO_CODECS } from '../../../pipeline/types.ts';

const live = { referencePictures: 1, hasReordering: false };

describe('auto', () => {
  test.each([
    ['h264 of a browser', { codec: 'h264', ...live }, 'bitstream'],
    ['h264 with four references', { codec: 'h264', referencePictures: 4, hasReordering: false }, 'reencode'],
    ['h264 with B pictures', { codec: 'h264', referencePictures: 1, hasReordering: true }, 'reencode'],
    ['h264 that tells nothing', { codec: 'h264' }, 'reencode'],
    ['h264 that tells of its references only', { codec: 'h264', referencePictures: 1 }, 'reencode'],
    ['intra-only h264', { codec: 'h264', referencePictures: 0, hasReordering: false }, 'reencode'],
    ['mpeg4 without B pictures', { codec: 'mpeg4', ...live }, 'bitstream'],
    ['mpeg2 without B pictures', { codec: 'mpeg2', ...live }, 'bitstream'],
    ['mpeg2 with B pictures', { codec: 'mpeg2', referencePictures: 2, hasReordering: true }, 'reencode'],
    ['vp8', { codec: 'vp8', ...live }, 'reencode'],
    ['vp9', { codec: 'vp9', ...live }, 'reencode'],
    ['av1', { codec: 'av1', ...live }, 'reencode'],
    ['hevc', { codec: 'hevc', ...live }, 'reencode'],
    ['msmpeg4', { codec: 'msmpeg4', ...live }, 'reencode'],
  ] as const)('takes %s as expected', (_, format, expected) => {
    expect(chooseMotionSource('auto', format)).toBe(expected);
  });
});

describe('a demand', () => {
  test.each(VIDEO_CODECS)('for reencode is met with %s', (codec) => {
    expect(chooseMotionSource('reencode', { codec, ...live })).toBe('reencode');
  });

  test('for bitstream is met where there are vectors at all', () => {
    expect(chooseMotionSource('bitstream', { codec: 'mpeg2', hasReordering: true })).toBe('bitstream');
  });

  test.each(['vp8', 'vp9', 'av1', 'hevc', 'msmpeg4'] as const)('for bitstream of %s is refused', (codec) => {
    const choose = () => chooseMotionSource('bitstream', { codec });
    expect(choose).toThrow(MediaError);
    expect(choose).toThrow(expect.objectContaining({ code: 'unsupported-codec' }));
    expect(choose).toThrow(`got ${codec}`);
  });
});
