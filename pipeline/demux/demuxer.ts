import type { Millis } from '../../client-sdk/protocol/units.ts';
import type { DemuxEvent } from '../types.ts';

/** Limits and settings of a demultiplexer. */
export interface DemuxOptions {
  /** Largest access unit, bytes. */
  readonly maxUnitBytes: number;
  /** Rate of streams that carry neither timestamps nor a rate, pictures a second. */
  readonly framesPerSecond?: number | undefined;
  /** Tells when bytes arrived. */
  readonly now: () => Millis;
}

/**
 * Splits a byte stream into access units as its bytes come. Survives damage and reports it as `loss`.
 * Rejects with a `MediaError` where the input can never give video.
 */
export type Demux = (source: AsyncIterable<Uint8Array>, options: DemuxOptions) => AsyncIterable<DemuxEvent>;

/** Begins to give one publisher's access units. What it gives is read once and closed by its reader. */
export type OpenMedia = (options: DemuxOptions) => AsyncIterable<DemuxEvent>;
