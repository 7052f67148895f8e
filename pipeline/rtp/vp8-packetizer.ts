/** Descriptor bits, RFC 7741 4.2. */
const EXTENDED = 0x80;
const START_OF_PARTITION = 0x10;
const HAS_PICTURE_ID = 0x80;
const LONG_PICTURE_ID = 0x80;
const DESCRIPTOR_BYTES = 4;

/**
 * Cuts a VP8 frame into RTP payloads of about equal size (RFC 7741), each with the frame's number: `pictureId` goes up by
 * one from frame to frame and is sent modulo 2^15.
 */
export function packetizeVp8(
  frame: Uint8Array,
  { maxPayloadBytes, pictureId }: { maxPayloadBytes: number; pictureId: number },
): Uint8Array[] {
  const count = Math.ceil(frame.length / (maxPayloadBytes - DESCRIPTOR_BYTES));
  const sizeBytes = Math.ceil(frame.length / count);
  return Array.from({ length: count }, (_, index) => {
    const part = frame.subarray(index * sizeBytes, (index + 1) * sizeBytes);
    const payload = new Uint8Array(DESCRIPTOR_BYTES + part.length);
    payload[0] = EXTENDED | (index === 0 ? START_OF_PARTITION : 0);
    payload[1] = HAS_PICTURE_ID;
    payload[2] = LONG_PICTURE_ID | ((pictureId >> 8) & 0x7f);
    payload[3] = pictureId & 0xff;
    payload.set(part, DESCRIPTOR_BYTES);
    return payload;
  });
}
