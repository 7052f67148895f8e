import { BROKEN, type Depacketized, type Depacketizer } from './depacketizer.ts';

const EXTENDED = 0x80;
const START_OF_PARTITION = 0x10;
const PARTITION = 0x07;
const HAS_PICTURE_ID = 0x80;
const HAS_TEMPORAL_INDEX = 0x40;
const HAS_LAYER = 0x20;
const HAS_KEY_INDEX = 0x10;
const LONG_PICTURE_ID = 0x80;
/** Inverse key frame flag of the VP8 frame tag, RFC 6386 9.1. */
const INTER = 0x01;

interface Vp8Payload {
  readonly beginsFrame: boolean;
  readonly pictureId: number | undefined;
  readonly data: Uint8Array;
}

/** VP8 by RFC 7741; temporal layers are decoded as they come. */
export class Vp8Depacketizer implements Depacketizer {
  depacketize(payloads: readonly Uint8Array[]): Depacketized {
    const parts: Uint8Array[] = [];
    let pictureId: number | undefined;
    for (const [index, payload] of payloads.entries()) {
      const part = readPayload(payload);
      // Only the first packet begins the first partition, so no packet before it can be missing.
      if (!part || part.beginsFrame !== (index === 0)) return BROKEN;
      if (index > 0 && part.pictureId !== pictureId) return BROKEN;
      pictureId = part.pictureId;
      parts.push(part.data);
    }
    const data = Buffer.concat(parts);
    return { type: 'unit', data: Uint8Array.from(data), isKeyframe: isKey(data) };
  }

  announcesKeyframe(payload: Uint8Array): boolean {
    const part = readPayload(payload);
    return part?.beginsFrame === true && isKey(part.data);
  }
}

const isKey = (frame: Uint8Array): boolean => ((frame[0] ?? INTER) & INTER) === 0;

/** Splits off the payload descriptor, RFC 7741 4.2. */
function readPayload(payload: Uint8Array): Vp8Payload | undefined {
  const byte = (at: number): number => payload[at] ?? 0;
  const head = byte(0);
  const extension = head & EXTENDED ? byte(1) : 0;
  let at = head & EXTENDED ? 2 : 1;
  let pictureId: number | undefined;
  if (extension & HAS_PICTURE_ID) {
    const isLong = (byte(at) & LONG_PICTURE_ID) !== 0;
    pictureId = isLong ? (byte(at) & 0x7f) * 256 + byte(at + 1) : byte(at);
    at += isLong ? 2 : 1;
  }
  if (extension & HAS_TEMPORAL_INDEX) at += 1;
  if (extension & (HAS_LAYER | HAS_KEY_INDEX)) at += 1;
  if (at >= payload.length) return undefined;
  const beginsFrame = (head & START_OF_PARTITION) !== 0 && (head & PARTITION) === 0;
  return { beginsFrame, pictureId, data: payload.subarray(at) };
}
