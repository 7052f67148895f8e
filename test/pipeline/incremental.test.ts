import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nowMillis } from '../../client-sdk/protocol/units.ts';
import { openNodeAvDecoder } from '../../pipeline/codec/node-av-decoder.ts';
import { demuxed } from '../../pipeline/demux/demux.ts';
import { Scope } from '../../pipeline/lifetime.ts';
import { createTokenEncoder, type OnnxTokenEncoder } from '../../pipeline/models/onnx-token-encoder.ts';
import { type LoadedPack, loadPack } from '../../pipeline/models/pack.ts';
import { createCounters, tokenize } from '../../pipeline/tokenizer.ts';
import { inPieces, readMedia } from '../support/tokenize-bytes.ts';

let pack: LoadedPack;
let encoder: OnnxTokenEncoder;

beforeAll(async () => {
  pack = await loadPack(join(import.meta.dirname, '../fixtures/pack-tiny'));
  encoder = await createTokenEncoder(pack, { workers: 1 });
});

afterAll(() => encoder.close());

/** Gives the first share of the bytes, and the rest only once it is told to. */
async function* heldBack(
  bytes: Uint8Array,
  share: number,
  release: Promise<void>,
): AsyncGenerator<Uint8Array> {
  const border = Math.floor(bytes.length * share);
  yield* inPieces(bytes.slice(0, border), 4096);
  await release;
  yield* inPieces(bytes.slice(border), 4096);
}

// The fixtures last three seconds: half of one is 15 % of a body of ten seconds.
it.each([
  'city-h264-p.ts',
  'city-h264-b.ts',
  'city-mpeg4.ts',
  'city-mpeg2.ts',
  'city-frag.mp4',
  'city-faststart.mp4',
  'city-h264.mkv',
  'city-vp8.webm',
  'city-vp8-live.webm',
  'city-vp9.webm',
  'city-h264-p.h264',
  'city-mpeg4.m4v',
])('the first visual of %s is out while more than four fifths of ten seconds are unsent', async (name) => {
  const bytes = await readMedia(name);
  const scope = new Scope();
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const seen: string[] = [];
  await new Promise<void>((resolve, reject) => {
    tokenize(demuxed(heldBack(bytes, 0.5, released)), {
      stream: 'test',
      epoch: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
      delivery: 'live',
      motion: 'auto',
      pack,
      encoder,
      openDecoder: openNodeAvDecoder,
      limits: { maxUnitBytes: 2 ** 24, maxPixels: 1e6, windowUnits: 240, windowBytes: 2 ** 25 },
      counters: createCounters(),
      scope,
      now: nowMillis,
    }).subscribe({
      next: (message) => {
        seen.push(message.type);
        if (message.type === 'visual') release();
      },
      error: reject,
      complete: resolve,
    });
  });
  expect(seen.slice(0, 2)).toEqual(['start', 'visual']);
  await scope.close();
});
