/** Damages real media in reproducible ways and holds the demultiplexer to what it promises for any input. */
import { MediaError } from '../../pipeline/errors.ts';
import { cutAt, mediaFixture, runDemux, summaryOf } from '../support/demux-run.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** One file of each container and codec. */
export const SEED_FILES = [
  'city-h264-p.ts',
  'city-h264-b.ts',
  'city-mpeg2.ts',
  'city-mpeg4.ts',
  'wanna-h264-aac.ts',
  'city-frag.mp4',
  'city-faststart.mp4',
  'city-mpeg4.mp4',
  'city-vp8-live.webm',
  'city-vp8.webm',
  'city-vp9.webm',
  'city-h264.mkv',
  'city-h264-b.h264',
  'city-h264-slices.h264',
  'city-hevc.hevc',
  'city-mpeg4-b.m4v',
  'city-mpeg2.m2v',
] as const;

/** Bytes that are read: damage near the beginning meets tables, later damage meets pictures. */
const GREATEST_BYTES = 48_000;

/** A damaged copy of the beginning of a file. */
export function damaged(seed: number): { file: string; bytes: Uint8Array; cuts: number[] } {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const file = SEED_FILES[below(SEED_FILES.length)]!;
  const whole = mediaFixture(file);
  let bytes: Uint8Array = whole.slice(0, Math.min(whole.length, 1000 + below(GREATEST_BYTES)));
  for (let count = below(6); count > 0; count -= 1) bytes = DAMAGES[below(DAMAGES.length)]!(bytes, below);
  return { file, bytes, cuts: Array.from({ length: below(20) }, () => below(bytes.length + 1)) };
}

type Damage = (bytes: Uint8Array, below: (limit: number) => number) => Uint8Array;

/** Half of all damage goes to the first bytes, where the tables are. */
const placeIn = (bytes: Uint8Array, below: (limit: number) => number): number =>
  below(2) === 0 ? below(Math.min(bytes.length, 1500)) : below(bytes.length);

const DAMAGES: readonly Damage[] = [
  function flipBits(bytes, below) {
    for (let count = 1 + below(30); count > 0; count -= 1) {
      const at = placeIn(bytes, below);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
    }
    return bytes;
  },
  function setExtremes(bytes, below) {
    const at = placeIn(bytes, below);
    bytes.fill(below(2) === 0 ? 0 : 0xff, at, at + 1 + below(8));
    return bytes;
  },
  function remove(bytes, below) {
    const at = placeIn(bytes, below);
    const end = at + 1 + below(below(2) === 0 ? 8 : 2000);
    return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(end)]);
  },
  function insertNoise(bytes, below) {
    const at = placeIn(bytes, below);
    const noise = Array.from({ length: 1 + below(400) }, () => below(256));
    return Uint8Array.from([...bytes.subarray(0, at), ...noise, ...bytes.subarray(at)]);
  },
  function repeat(bytes, below) {
    const at = placeIn(bytes, below);
    const piece = bytes.subarray(at, at + below(3000));
    return Uint8Array.from([...bytes.subarray(0, at), ...piece, ...bytes.subarray(at)]);
  },
  function truncate(bytes, below) {
    return bytes.slice(0, 1 + below(bytes.length));
  },
];

/** Runs one case; throws with the seed where a promise is broken. */
export async function checkSeed(seed: number): Promise<void> {
  const { file, bytes, cuts } = damaged(seed);
  const options = { maxUnitBytes: 1 << 20, framesPerSecond: 25 };
  const [whole, cut] = [await runDemux(bytes, options), await runDemux(cutAt(bytes, cuts), options)];
  const fail = (claim: string, cause?: unknown): never => {
    throw new Error(`seed ${seed} (${file}): ${claim}`, { cause });
  };
  if (whole.error !== undefined && !(whole.error instanceof MediaError))
    fail('threw another error', whole.error);
  if (summaryOf(whole) !== summaryOf(cut)) fail('cutting the input changed the events');
  const times = new Set(whole.units.map((unit) => unit.pts));
  if (times.size !== whole.units.length) fail('two units share a presentation time');
  for (const [index, unit] of whole.units.entries()) {
    if (unit.index !== index) fail(`unit ${index} has index ${unit.index}`);
    if (!Number.isSafeInteger(unit.pts) || unit.pts < 0) fail(`unit ${index} has time ${unit.pts}`);
    if (unit.data.length === 0 || unit.data.buffer.byteLength !== unit.data.length)
      fail(`unit ${index} does not own its bytes`);
  }
}
