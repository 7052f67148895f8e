import { BitReader } from '../demux/bit-reader.ts';
import { BROKEN, type Depacketized, type Depacketizer } from './depacketizer.ts';

/** Reference indices that a descriptor may hold (P_DIFF), RFC 9628 4.2. */
const GREATEST_REFERENCES = 3;

interface Vp9Payload {
  readonly isInter: boolean;
  readonly beginsFrame: boolean;
  readonly endsFrame: boolean;
  readonly pictureId: number | undefined;
  readonly hasSpatialLayers: boolean;
  readonly data: Uint8Array;
}

/** VP9 by RFC 9628 without spatial layers; temporal layers are decoded as they come. */
export class Vp9Depacketizer implements Depacketizer {
  depacketize(payloads: readonly Uint8Array[]): Depacketized {
    const parts: Vp9Payload[] = [];
    for (const [index, payload] of payloads.entries()) {
      const part = readPayload(payload);
      if (part?.hasSpatialLayers)
        return { type: 'refused', detail: 'VP9 with spatial layers (SVC); set scalabilityMode to L1T1' };
      if (!part || part.beginsFrame !== (index === 0)) return BROKEN;
      if (part.endsFrame !== (index === payloads.length - 1)) return BROKEN;
      if (part.pictureId !== (parts[0] ?? part).pictureId) return BROKEN;
      parts.push(part);
    }
    const data = Uint8Array.from(Buffer.concat(parts.map((part) => part.data)));
    return { type: 'unit', data, isKeyframe: parts[0]?.isInter === false };
  }

  announcesKeyframe(payload: Uint8Array): boolean {
    const part = readPayload(payload);
    return part?.beginsFrame === true && !part.isInter;
  }
}

/** Splits off the payload descriptor, RFC 9628 4.2. */
function readPayload(payload: Uint8Array): Vp9Payload | undefined {
  const bits = new BitReader(payload);
  const hasPictureId = bits.flag();
  const isInter = bits.flag();
  const hasLayers = bits.flag();
  const isFlexible = bits.flag();
  const beginsFrame = bits.flag();
  const endsFrame = bits.flag();
  const hasStructure = bits.flag();
  bits.skip(1);
  const pictureId = hasPictureId ? bits.bits(bits.flag() ? 15 : 7) : undefined;
  let spatial = 0;
  if (hasLayers) {
    bits.skip(4);
    spatial = bits.bits(3);
    bits.skip(1);
    if (!isFlexible) bits.skip(8);
  }
  if (isFlexible && isInter) {
    let isMore = true;
    for (let count = 0; isMore && count < GREATEST_REFERENCES; count += 1) {
      bits.skip(7);
      isMore = bits.flag();
    }
    if (isMore) return undefined;
  }
  const layers = hasStructure ? skipStructure(bits) : 1;
  if (bits.remaining === 0) return undefined;
  const data = payload.subarray(payload.length - bits.remaining / 8);
  return { isInter, beginsFrame, endsFrame, pictureId, hasSpatialLayers: spatial > 0 || layers > 1, data };
}

/** Skips the scalability structure, RFC 9628 4.2.1; gives the number of spatial layers. */
function skipStructure(bits: BitReader): number {
  const layers = bits.bits(3) + 1;
  const hasSizes = bits.flag();
  const hasGroup = bits.flag();
  bits.skip(3);
  if (hasSizes) bits.skip(32 * layers);
  const pictures = hasGroup ? bits.bits(8) : 0;
  for (let picture = 0; picture < pictures && !bits.isExhausted; picture += 1) {
    bits.skip(4);
    const references = bits.bits(2);
    bits.skip(2 + 8 * references);
  }
  return layers;
}
