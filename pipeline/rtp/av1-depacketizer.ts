import {
  type Av1Obu,
  beginsKeyFrame,
  OBU_FRAME,
  OBU_FRAME_HEADER,
  OBU_SEQUENCE_HEADER,
  OBU_TEMPORAL_DELIMITER,
  readLeb128,
  readObu,
  sizedObu,
} from '../demux/av1-obu.ts';
import { BROKEN, type Depacketized, type Depacketizer } from './depacketizer.ts';

const CONTINUES = 0x80;
const IS_CONTINUED = 0x40;
const BEGINS_SEQUENCE = 0x08;
const OBU_TILE_LIST = 8;

/** AV1 by version 1.0 of the Alliance's RTP payload format, without spatial layers; to low-overhead temporal units. */
export class Av1Depacketizer implements Depacketizer {
  /** A temporal unit has had more than one frame, so that a frame may precede the one that a unit seems to begin with. */
  #hasHiddenFrames = false;

  depacketize(payloads: readonly Uint8Array[], { isAfterHole }: { isAfterHole: boolean }): Depacketized {
    const obus = obusOfPayloads(payloads);
    const [first] = obus ?? [];
    if (!obus || !first) return BROKEN;
    if (obus.some((obu) => obu.spatialId > 0))
      return { type: 'refused', detail: 'AV1 with spatial layers (SVC); set scalabilityMode to L1T1' };
    const frames = obus.filter(isFrame);
    this.#hasHiddenFrames ||= frames.length > 1;
    if (isAfterHole && !this.#provesStart(first)) return BROKEN;
    const hasSequence = obus.some((obu) => obu.type === OBU_SEQUENCE_HEADER);
    const isKeyframe = hasSequence && frames[0] !== undefined && beginsKeyFrame(frames[0]);
    return { type: 'unit', data: Uint8Array.from(Buffer.concat(obus.map(sizedObu))), isKeyframe };
  }

  announcesKeyframe(payload: Uint8Array): boolean {
    return ((payload[0] ?? 0) & BEGINS_SEQUENCE) !== 0;
  }

  /** A key frame without the sequence header that stands before it has lost it. */
  #provesStart(first: Av1Obu): boolean {
    if (first.type === OBU_SEQUENCE_HEADER) return true;
    return isFrame(first) && !beginsKeyFrame(first) && !this.#hasHiddenFrames;
  }
}

const isFrame = ({ type }: Av1Obu): boolean => type === OBU_FRAME || type === OBU_FRAME_HEADER;

/** Joins the elements of a temporal unit's packets; `undefined` where one is missing or malformed. */
function obusOfPayloads(payloads: readonly Uint8Array[]): Av1Obu[] | undefined {
  const elements: Uint8Array[] = [];
  let open: Uint8Array[] = [];
  for (const payload of payloads) {
    const head = payload[0] ?? 0;
    const parts = elementsOf(payload);
    if (!parts || ((head & CONTINUES) !== 0) !== open.length > 0) return undefined;
    for (const [index, part] of parts.entries()) {
      open.push(part);
      if (index === parts.length - 1 && (head & IS_CONTINUED) !== 0) continue;
      elements.push(open.length > 1 ? Buffer.concat(open) : part);
      open = [];
    }
  }
  if (open.length > 0) return undefined;
  const obus: Av1Obu[] = [];
  for (const element of elements) {
    const read = readObu(element);
    if (!read || read.end !== element.length) return undefined;
    if (read.obu.type !== OBU_TEMPORAL_DELIMITER && read.obu.type !== OBU_TILE_LIST) obus.push(read.obu);
  }
  return obus;
}

/** The elements of one payload, by its aggregation header (4.4). */
function elementsOf(payload: Uint8Array): Uint8Array[] | undefined {
  const count = ((payload[0] ?? 0) >> 4) & 3;
  const elements: Uint8Array[] = [];
  for (let at = 1; at < payload.length; ) {
    const isLast = count > 0 && elements.length === count - 1;
    const size = isLast ? { value: payload.length - at, end: at } : readLeb128(payload, at);
    if (!size || size.value === 0 || size.end + size.value > payload.length) return undefined;
    elements.push(payload.subarray(size.end, size.end + size.value));
    at = size.end + size.value;
    if (isLast) break;
  }
  return elements.length > 0 && (count === 0 || elements.length === count) ? elements : undefined;
}
