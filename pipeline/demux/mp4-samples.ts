import { boxAt, boxesIn, int32At, uint32At, uint64At } from './mp4-boxes.ts';
import type { Mp4Track, SampleDefaults } from './mp4-track.ts';

/** One coded picture of a track: where it lies in the input, and when. */
export interface Mp4Sample {
  /** Offset from the beginning of the input. */
  readonly offset: number;
  readonly sizeBytes: number;
  readonly dtsTicks: number;
  readonly ptsTicks: number;
  readonly isSync: boolean;
}

const EMPTY = new Uint8Array(0);
/** sample_is_non_sync_sample (ISO/IEC 14496-12 8.8.3.1). */
const NON_SYNC = 0x10000;

/**
 * The samples of a sample table in decoding order, computed one by one, so that a table that promises billions costs
 * nothing until their bytes come.
 */
export function* samplesOfTable(stbl: Uint8Array): Generator<Mp4Sample> {
  const sizes = boxAt(stbl, ['stsz']) ?? EMPTY;
  const commonSize = uint32At(sizes, 4);
  const count = Math.min(
    uint32At(sizes, 8),
    commonSize > 0 ? Number.POSITIVE_INFINITY : (sizes.length - 12) / 4,
  );
  const places = offsetsOfChunks(stbl);
  const durations = runsOf(boxAt(stbl, ['stts']) ?? EMPTY);
  const shifts = runsOf(boxAt(stbl, ['ctts']) ?? EMPTY);
  const sync = boxAt(stbl, ['stss']);
  let nextSync = 0;
  let dtsTicks = 0;
  let chunk = places.next().value;
  let offset = chunk?.offset ?? 0;
  let left = chunk?.samples ?? 0;
  for (let index = 0; index < count && chunk; index += 1) {
    const sizeBytes = commonSize > 0 ? commonSize : uint32At(sizes, 12 + 4 * index);
    // Composition offsets of version 0 are unsigned, yet written with a sign by many.
    const ptsTicks = dtsTicks + (shifts.next().value ?? 0);
    const isSync = sync === undefined || uint32At(sync, 8 + 4 * nextSync) === index + 1;
    if (isSync) nextSync += 1;
    if (sizeBytes > 0) yield { offset, sizeBytes, dtsTicks, ptsTicks, isSync };
    dtsTicks += durations.next().value ?? 0;
    offset += sizeBytes;
    left -= 1;
    if (left > 0) continue;
    chunk = places.next().value;
    offset = chunk?.offset ?? 0;
    left = chunk?.samples ?? 0;
  }
}

/** Values of a table of (count, value) runs, one by one, without end: the last value goes on. */
function* runsOf(table: Uint8Array): Generator<number, undefined> {
  const entries = Math.min(uint32At(table, 4), Math.floor((table.length - 8) / 8));
  for (let entry = 0; entry < entries; entry += 1) {
    const count = uint32At(table, 8 + 8 * entry);
    const value = int32At(table, 12 + 8 * entry);
    for (let at = 0; at < count; at += 1) yield value;
  }
}

/** Offset and number of samples of each chunk (`stco` or `co64`, `stsc`). */
function* offsetsOfChunks(stbl: Uint8Array): Generator<{ offset: number; samples: number }, undefined> {
  const narrow = boxAt(stbl, ['stco']);
  const wide = boxAt(stbl, ['co64']) ?? EMPTY;
  const table = narrow ?? wide;
  const entryBytes = narrow ? 4 : 8;
  const count = Math.min(uint32At(table, 4), Math.floor((table.length - 8) / entryBytes));
  const runs = boxAt(stbl, ['stsc']) ?? EMPTY;
  const runCount = Math.min(uint32At(runs, 4), Math.floor((runs.length - 8) / 12));
  let run = 0;
  for (let chunk = 0; chunk < count; chunk += 1) {
    while (run + 1 < runCount && uint32At(runs, 8 + 12 * (run + 1)) <= chunk + 1) run += 1;
    const samples = uint32At(runs, 12 + 12 * run);
    const at = 8 + chunk * entryBytes;
    if (samples > 0) yield { offset: narrow ? uint32At(table, at) : uint64At(table, at), samples };
  }
}

/** Where a track stands between fragments. */
export interface FragmentCursor {
  /** Decoding time after the last sample, for fragments that do not state theirs. */
  nextDtsTicks: number;
}

/** The samples of a movie fragment (`moof`) in decoding order, computed one by one. `moofOffset` is where the box begins. */
export function* samplesOfFragment(
  moof: Uint8Array,
  moofOffset: number,
  track: Mp4Track,
  cursor: FragmentCursor,
): Generator<Mp4Sample> {
  for (const box of boxesIn(moof)) {
    if (box.type !== 'traf') continue;
    const header = boxAt(box.payload, ['tfhd']) ?? EMPTY;
    if (uint32At(header, 4) !== track.id) continue;
    const { base, defaults } = parseFragmentHeader(header, moofOffset, track.defaults);
    const time = boxAt(box.payload, ['tfdt']);
    if (time) cursor.nextDtsTicks = time[0] === 1 ? uint64At(time, 4) : uint32At(time, 4);
    let offset = base;
    for (const run of boxesIn(box.payload)) {
      if (run.type === 'trun') offset = yield* samplesOfRun(run.payload, { base, offset, defaults, cursor });
    }
  }
}

/** `tfhd`, 8.8.7. Without a stated base, data lies relative to the fragment, as every live muxer has it. */
function parseFragmentHeader(header: Uint8Array, moofOffset: number, track: SampleDefaults) {
  const flags = uint32At(header, 0);
  let at = 8;
  const field = (bit: number, bytes: number): number | undefined => {
    if ((flags & bit) === 0) return undefined;
    at += bytes;
    return bytes === 8 ? uint64At(header, at - 8) : uint32At(header, at - 4);
  };
  const base = field(0x1, 8) ?? moofOffset;
  field(0x2, 4);
  const defaults: SampleDefaults = {
    durationTicks: field(0x8, 4) ?? track.durationTicks,
    sizeBytes: field(0x10, 4) ?? track.sizeBytes,
    flags: field(0x20, 4) ?? track.flags,
  };
  return { base, defaults };
}

interface RunPlace {
  readonly base: number;
  readonly offset: number;
  readonly defaults: SampleDefaults;
  readonly cursor: FragmentCursor;
}

/** `trun`, 8.8.8. Gives the offset after its last sample. */
function* samplesOfRun(run: Uint8Array, place: RunPlace): Generator<Mp4Sample, number> {
  const flags = uint32At(run, 0);
  const count = uint32At(run, 4);
  let at = 8;
  const next = (bit: number): number | undefined => {
    if ((flags & bit) === 0) return undefined;
    at += 4;
    return at <= run.length ? uint32At(run, at - 4) : undefined;
  };
  const start = next(0x1);
  let offset = start === undefined ? place.offset : place.base + (start | 0);
  const firstFlags = next(0x4);
  for (let index = 0; index < count; index += 1) {
    const durationTicks = next(0x100) ?? place.defaults.durationTicks;
    const sizeBytes = next(0x200) ?? place.defaults.sizeBytes;
    const sampleFlags = next(0x400) ?? (index === 0 ? firstFlags : undefined) ?? place.defaults.flags;
    const shift = next(0x800) ?? 0;
    if (at > run.length) break;
    const dtsTicks = place.cursor.nextDtsTicks;
    place.cursor.nextDtsTicks = dtsTicks + durationTicks;
    const isListed = (flags & 0x200) !== 0;
    if (sizeBytes > 0 || !isListed)
      yield {
        offset,
        sizeBytes,
        dtsTicks,
        ptsTicks: dtsTicks + (shift | 0),
        isSync: (sampleFlags & NON_SYNC) === 0,
      };
    offset += sizeBytes;
  }
  return offset;
}
