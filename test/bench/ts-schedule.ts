import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const PACKET_BYTES = 188;
const VIDEO_PID = 0x100;
const TICKS_PER_MS = 90;

/** The bytes of one coded picture and when they are to be sent, counted from the first one. */
export interface ScheduledUnit {
  readonly dueMs: number;
  readonly bytes: Uint8Array;
}

/**
 * Cuts an MPEG-TS file as libavformat writes it (video on PID 256) into its coded pictures, each with the tables that
 * come before it. A sender that keeps to it does what a camera does: every picture leaves when it was taken.
 */
export async function readSchedule(path: string): Promise<readonly ScheduledUnit[]> {
  const file = await readFile(path);
  const units: ScheduledUnit[] = [];
  let from = 0;
  let startMs: number | undefined;
  let due: number | undefined;
  // Tables between two pictures belong to the later one.
  let afterVideo = 0;
  for (let at = 0; at + PACKET_BYTES <= file.length; at += PACKET_BYTES) {
    if ((file.readUInt16BE(at + 1) & 0x1fff) !== VIDEO_PID) continue;
    if (file[at + 1]! & 0x40) {
      if (due !== undefined) units.push({ dueMs: due, bytes: file.subarray(from, afterVideo) });
      if (due !== undefined) from = afterVideo;
      const ptsMs = readPts(file, at) / TICKS_PER_MS;
      startMs ??= ptsMs;
      due = ptsMs - startMs;
    }
    afterVideo = at + PACKET_BYTES;
  }
  if (due !== undefined) units.push({ dueMs: due, bytes: file.subarray(from) });
  return units;
}

/** PTS of the PES packet that begins in a TS packet (ISO/IEC 13818-1 2.4.3.6). */
function readPts(file: Buffer, at: number): number {
  const hasAdaptation = (file[at + 3]! & 0x20) !== 0;
  const pes = at + 4 + (hasAdaptation ? 1 + file[at + 4]! : 0);
  const stamp = pes + 9;
  return (
    ((file[stamp]! >> 1) & 7) * 2 ** 30 +
    (file[stamp + 1]! << 22) +
    ((file[stamp + 2]! >> 1) << 15) +
    (file[stamp + 3]! << 7) +
    (file[stamp + 4]! >> 1)
  );
}

/** Gives the units at their time, for `seconds` of media at most. */
export async function* paced(
  units: readonly ScheduledUnit[],
  { seconds, offsetMs = 0 }: { seconds: number; offsetMs?: number },
): AsyncGenerator<Uint8Array> {
  const startMs = performance.now() + offsetMs;
  for (const { dueMs, bytes } of units) {
    if (dueMs >= seconds * 1000) return;
    const waitMs = startMs + dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    yield bytes;
  }
}
