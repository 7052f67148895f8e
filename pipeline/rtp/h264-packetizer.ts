import { elementsOf } from '../demux/nal-units.ts';

/** Payload structures, RFC 6184 5.2. */
const STAP_A = 24;
const FU_A = 28;
const FU_START = 0x80;
const FU_END = 0x40;
/** Length of a NAL unit before it in a STAP-A, and indicator and header of a FU-A. */
const SIZE_BYTES = 2;
const FU_BYTES = 2;
/** `forbidden_zero_bit` and `nal_ref_idc` of a NAL unit's first byte, and its type (ITU-T H.264 7.3.1). */
const FORBIDDEN = 0x80;
const IMPORTANCE = 0x60;
const TYPE = 0x1f;

/**
 * Cuts an H.264 access unit in Annex B form into RTP payloads of the non-interleaved mode (RFC 6184 6.3), in decoding
 * order: small NAL units, such as parameter sets, together in a STAP-A; what does not fit a payload in FU-As of about
 * equal size; the rest as they are, as views into the unit.
 */
export function packetizeH264(
  unit: Uint8Array,
  { maxPayloadBytes }: { maxPayloadBytes: number },
): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  let group: Uint8Array[] = [];
  let groupBytes = 1;
  const flush = (): void => {
    const [only] = group;
    if (only) payloads.push(group.length === 1 ? only : aggregate(group));
    group = [];
    groupBytes = 1;
  };
  for (const nal of elementsOf(unit)) {
    const sizeBytes = SIZE_BYTES + nal.length;
    if (groupBytes + sizeBytes > maxPayloadBytes) flush();
    if (nal.length > maxPayloadBytes) payloads.push(...fragment(nal, maxPayloadBytes));
    else {
      group.push(nal);
      groupBytes += sizeBytes;
    }
  }
  flush();
  return payloads;
}

/** One payload of several NAL units, RFC 6184 5.7.1. */
function aggregate(nals: readonly Uint8Array[]): Uint8Array {
  const payload = new Uint8Array(nals.reduce((sum, nal) => sum + SIZE_BYTES + nal.length, 1));
  let forbidden = 0;
  let importance = 0;
  let at = 1;
  for (const nal of nals) {
    const [head = 0] = nal;
    forbidden |= head & FORBIDDEN;
    importance = Math.max(importance, head & IMPORTANCE);
    payload[at] = nal.length >> 8;
    payload[at + 1] = nal.length & 0xff;
    payload.set(nal, at + SIZE_BYTES);
    at += SIZE_BYTES + nal.length;
  }
  payload[0] = forbidden | importance | STAP_A;
  return payload;
}

/** One NAL unit in several payloads, RFC 6184 5.8: its first byte goes into their headers. */
function fragment(nal: Uint8Array, maxPayloadBytes: number): Uint8Array[] {
  const [head = 0] = nal;
  const body = nal.subarray(1);
  const count = Math.ceil(body.length / (maxPayloadBytes - FU_BYTES));
  const sizeBytes = Math.ceil(body.length / count);
  return Array.from({ length: count }, (_, index) => {
    const part = body.subarray(index * sizeBytes, (index + 1) * sizeBytes);
    const flags = (index === 0 ? FU_START : 0) | (index === count - 1 ? FU_END : 0);
    const payload = new Uint8Array(FU_BYTES + part.length);
    payload[0] = (head & ~TYPE) | FU_A;
    payload[1] = flags | (head & TYPE);
    payload.set(part, FU_BYTES);
    return payload;
  });
}
