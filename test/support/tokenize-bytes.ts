import { readFile } from 'node:fs/promises';
import { firstValueFrom, toArray } from 'rxjs';
import type { JournalMessage } from '../../client-sdk/protocol/messages.ts';
import { nowMillis } from '../../client-sdk/protocol/units.ts';
import { openNodeAvDecoder } from '../../pipeline/codec/node-av-decoder.ts';
import { demuxed } from '../../pipeline/demux/demux.ts';
import { Scope } from '../../pipeline/lifetime.ts';
import type { LoadedPack } from '../../pipeline/models/pack.ts';
import type { TokenEncoder } from '../../pipeline/models/token-encoder.ts';
import { createCounters, type TokenizeOptions, tokenize } from '../../pipeline/tokenizer.ts';

/** Absolute path of a committed media fixture. */
export const mediaFixture = (name: string): string =>
  new URL(`../fixtures/media/${name}`, import.meta.url).pathname;

/** Bytes of a committed media fixture. */
export const readMedia = (name: string): Promise<Uint8Array> => readFile(mediaFixture(name));

/** Cuts bytes into pieces of the sizes given, over and over. */
export async function* inPieces(bytes: Uint8Array, ...sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    yield bytes.slice(at, at + size);
    at += size;
  }
}

/** Tokenizes with the server's usual settings and gives all messages; waits until everything is released. */
export async function tokenizeAll(
  source: AsyncIterable<Uint8Array>,
  parts: { pack: LoadedPack; encoder: TokenEncoder } & Partial<TokenizeOptions>,
): Promise<JournalMessage[]> {
  const scope = new Scope();
  try {
    const messages$ = tokenize(demuxed(source), {
      stream: 'test',
      epoch: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
      delivery: 'complete',
      motion: 'auto',
      openDecoder: openNodeAvDecoder,
      limits: { maxUnitBytes: 2 ** 24, maxPixels: 4096 * 2304, windowUnits: 240, windowBytes: 2 ** 25 },
      counters: createCounters(),
      scope,
      now: nowMillis,
      ...parts,
    });
    return await firstValueFrom(messages$.pipe(toArray()));
  } finally {
    await scope.close();
  }
}

/** What identity is promised for: messages without the clock's marks. */
export const tokensOf = (messages: readonly JournalMessage[]): object[] =>
  messages.map((message) => {
    const { epoch, stream, emitted, received, captured, ...rest } = {
      stream: '',
      emitted: 0,
      received: 0,
      captured: 0,
      ...message,
    };
    return rest;
  });
