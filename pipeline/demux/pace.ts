import { setTimeout as sleep } from 'node:timers/promises';
import { demux } from './demux.ts';
import type { DemuxOptions } from './demuxer.ts';

export interface PaceOptions extends DemuxOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Passes a recorded byte stream on at the pace of its media: the bytes of each access unit when the clock has reached
 * its presentation time, counted from the first one. Bytes go through unchanged.
 */
export async function* paceByMedia(
  source: AsyncIterable<Uint8Array>,
  options: PaceOptions,
): AsyncGenerator<Uint8Array> {
  // Bytes that the demuxer has taken and that are not passed on yet.
  const taken: Uint8Array[] = [];
  const tapped = tap(source, taken);
  let startMs: number | undefined;
  for await (const event of demux(tapped, options)) {
    if (event.type !== 'unit') continue;
    const dueMs = event.unit.pts / 1000;
    startMs ??= performance.now() - dueMs;
    const waitMs = startMs + dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: options.signal });
    yield* taken.splice(0);
  }
  yield* taken;
}

async function* tap(source: AsyncIterable<Uint8Array>, taken: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    taken.push(bytes);
    yield bytes;
  }
}
