import { parseH264Pps, parseH264Sps } from '../demux/h264-parameter-sets.ts';
import { NAL_PPS, NAL_SPS } from '../demux/h264-slice-header.ts';

/** Far above what an encoder uses; more are not kept. */
const GREATEST_SETS = 32;

/** The H.264 parameter sets that a stream has sent or announced, the newest of each id. */
export class H264ParameterSetCache {
  readonly #sps = new Map<number, Uint8Array>();
  readonly #pps = new Map<number, Uint8Array>();

  /** Keeps a copy of a NAL unit if it is a valid parameter set. */
  add(nal: Uint8Array): void {
    const type = (nal[0] ?? 0) & 31;
    if (type === NAL_SPS) keep(this.#sps, parseH264Sps(nal)?.id, nal);
    if (type === NAL_PPS) keep(this.#pps, parseH264Pps(nal)?.id, nal);
  }

  /** All of them, sequence parameter sets first. */
  get nals(): readonly Uint8Array[] {
    return [...this.#sps.values(), ...this.#pps.values()];
  }
}

function keep(sets: Map<number, Uint8Array>, id: number | undefined, nal: Uint8Array): void {
  if (id === undefined || (sets.size >= GREATEST_SETS && !sets.has(id))) return;
  sets.set(id, Uint8Array.from(nal));
}
