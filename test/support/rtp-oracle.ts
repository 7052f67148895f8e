/** What any run of the receive stage must have given, told from what was sent and what arrived alone. */
import type { SentUnit, SimulationResult } from './rtp-simulation.ts';

/** A packet that has come this long after its unit was sent was never given up: the stage waits for 200 ms at least. */
const IN_TIME_MS = 190;
/** After an upheaval the stage may need a packet or two to believe it. */
const SETTLED_UNITS = 8;

export interface Verdict {
  readonly given: number;
  readonly sent: number;
  /** Units that the stage had to give. */
  readonly owed: number;
}

/** How a run went, counted instead of judged. */
export interface Tally {
  readonly given: number;
  /** Units with other bytes than any that was sent, or sent before one that was given. */
  readonly wrong: number;
  /** Units that are missing where no loss was told. */
  readonly silent: number;
  /** When each unit came, ms after it was sent. */
  readonly delaysMs: readonly number[];
}

/** Counts what `judge` throws at. */
export function tally({ sent, given }: Pick<SimulationResult, 'sent' | 'given'>): Tally {
  const count = { given: 0, wrong: 0, silent: 0, delaysMs: [] as number[] };
  const beganMs = sent[0]?.sentMs ?? 0;
  let expected = 0;
  let isLossTold = false;
  for (const event of given) {
    if (event.type === 'loss') isLossTold = true;
    if (event.type !== 'unit') continue;
    if (event.id === undefined || event.id < expected) {
      count.wrong += 1;
      continue;
    }
    if (!isLossTold) count.silent += event.id - expected;
    count.given += 1;
    count.delaysMs.push(event.atMs - (sent[event.id]!.sentMs - beganMs));
    expected = event.id + 1;
    isLossTold = false;
  }
  return count;
}

/** Throws where a unit is wrong, repeated or out of order, missing without a loss, or withheld without a reason. */
export function judge({ sent, given }: Pick<SimulationResult, 'sent' | 'given'>): Verdict {
  const seen = new Set<number>();
  let expected = 0;
  let isLossTold = false;
  for (const event of given) {
    if (event.type === 'loss') isLossTold = true;
    if (event.type !== 'unit') continue;
    const { id } = event;
    if (id === undefined) throw new Error(`a wrong unit at ${event.atMs} ms, after unit ${expected - 1}`);
    if (id < expected) throw new Error(`unit ${id} came after unit ${expected - 1}`);
    if (id > expected && !isLossTold) throw new Error(`units ${expected} to ${id - 1} are missing silently`);
    if (event.isKeyframe !== sent[id]?.isKeyframe) throw new Error(`unit ${id} is called the wrong kind`);
    seen.add(id);
    expected = id + 1;
    isLossTold = false;
  }
  if (expected < sent.length && !isLossTold)
    throw new Error(`units from ${expected} on are missing silently`);
  const owed = owedUnits(sent, seen);
  for (const id of owed) if (!seen.has(id)) throw new Error(`unit ${id} arrived in time and was withheld`);
  return { given: seen.size, sent: sent.length, owed: owed.length };
}

/** Units that came in time, as did the one before, in a settled generation that had a keyframe: given, or as good as they are. */
function owedUnits(sent: readonly SentUnit[], seen: ReadonlySet<number>): number[] {
  const owed: number[] = [];
  let generation = -1;
  let units = 0;
  let hasKeyframe = false;
  for (const [index, unit] of sent.entries()) {
    if (unit.generation !== generation) {
      generation = unit.generation;
      units = 0;
      hasKeyframe = false;
    }
    units += 1;
    const before = sent[index - 1];
    const isGood = units > SETTLED_UNITS && cameInTime(unit) && before !== undefined && cameInTime(before);
    hasKeyframe ||= unit.isKeyframe && (isGood || seen.has(unit.id));
    if (isGood && hasKeyframe && isUndisturbed(sent, index)) owed.push(unit.id);
  }
  return owed;
}

const cameInTime = (unit: SentUnit): boolean => unit.arrivalsMs.every((atMs) => atMs <= IN_TIME_MS);

/** No upheaval follows before the unit's packets have come. */
function isUndisturbed(sent: readonly SentUnit[], index: number): boolean {
  const unit = sent[index]!;
  for (let next = index; next < sent.length && sent[next]!.sentMs <= unit.sentMs + 2 * IN_TIME_MS; next += 1)
    if (sent[next]!.generation !== unit.generation) return false;
  return true;
}
