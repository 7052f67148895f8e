/** Runs the demultiplexer over bytes in memory, cut as a test likes. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { millis } from '../../client-sdk/protocol/units.ts';
import { demux } from '../../pipeline/demux/demux.ts';
import type { DemuxOptions } from '../../pipeline/demux/demuxer.ts';
import type { AccessUnit, DemuxEvent, VideoFormat } from '../../pipeline/types.ts';

/** The bytes of a file in `test/fixtures/media`. */
export const mediaFixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../fixtures/media/${name}`, import.meta.url)));

/** Bytes in pieces of one size. */
export async function* piecesOf(bytes: Uint8Array, sizeBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += sizeBytes) yield bytes.subarray(at, at + sizeBytes);
}

/** Bytes cut at offsets, which may come in any order and repeat. */
export async function* cutAt(bytes: Uint8Array, offsets: readonly number[]): AsyncGenerator<Uint8Array> {
  const edges = [0, ...offsets.toSorted((a, b) => a - b), bytes.length];
  for (let at = 1; at < edges.length; at += 1) {
    if (edges[at - 1]! < edges[at]!) yield bytes.subarray(edges[at - 1], edges[at]);
  }
}

export interface DemuxRun {
  readonly events: readonly DemuxEvent[];
  readonly units: readonly AccessUnit[];
  readonly formats: readonly VideoFormat[];
  /** Sum of `dropped` over the losses. */
  readonly dropped: number;
  readonly error: unknown;
}

/** Runs to the end or to the error. */
export async function runDemux(
  input: Uint8Array | AsyncIterable<Uint8Array>,
  options: Partial<DemuxOptions> = {},
): Promise<DemuxRun> {
  const source = input instanceof Uint8Array ? piecesOf(input, 4096) : input;
  const events: DemuxEvent[] = [];
  let error: unknown;
  try {
    for await (const event of demux(source, { maxUnitBytes: 1 << 24, now: () => millis(0), ...options }))
      events.push(event);
  } catch (thrown) {
    error = thrown;
  }
  return {
    events,
    units: events.flatMap((event) => (event.type === 'unit' ? [event.unit] : [])),
    formats: events.flatMap((event) => (event.type === 'format' ? [event.format] : [])),
    dropped: events.reduce((sum, event) => sum + (event.type === 'loss' ? event.dropped : 0), 0),
    error,
  };
}

/** A run as one line, in which every byte of every unit counts, to compare runs by. */
export const summaryOf = (run: DemuxRun): string =>
  JSON.stringify([run.events, String(run.error)], (_key, value: unknown) =>
    value instanceof Uint8Array ? createHash('sha1').update(value).digest('hex') : value,
  );
