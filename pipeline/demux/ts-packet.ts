/** Bytes of an MPEG transport stream packet (ISO/IEC 13818-1 2.4.3.2). */
export const TS_PACKET_BYTES = 188;
export const TS_SYNC_BYTE = 0x47;
/** Distances between packets: plain, with a four-byte arrival time (M2TS), with sixteen parity bytes. */
export const TS_STRIDES = [188, 192, 204] as const;

/** The header of a packet, and where its payload begins. */
export interface TsPacket {
  readonly pid: number;
  readonly isDamaged: boolean;
  /** payload_unit_start_indicator: a section or PES packet begins in the payload. */
  readonly isUnitStart: boolean;
  readonly isScrambled: boolean;
  readonly continuity: number;
  readonly hasDiscontinuity: boolean;
  /** Bytes without meaning fill the packet up, as where what it carries has come to its end. */
  readonly isStuffed: boolean;
  /** Borrowed; absent where the packet has an adaptation field only. */
  readonly payload: Uint8Array | undefined;
}

/** Reads a packet of 188 bytes, which the result borrows. */
export function parseTsPacket(packet: Uint8Array): TsPacket {
  const byte = (at: number): number => packet[at] ?? 0;
  const hasPayload = (byte(3) & 0x10) !== 0;
  const adaptationBytes = (byte(3) & 0x20) !== 0 ? 1 + byte(4) : 0;
  const begin = 4 + adaptationBytes;
  return {
    pid: ((byte(1) & 0x1f) << 8) | byte(2),
    isDamaged: (byte(1) & 0x80) !== 0 || begin > TS_PACKET_BYTES,
    isUnitStart: (byte(1) & 0x40) !== 0,
    isScrambled: (byte(3) & 0xc0) !== 0,
    continuity: byte(3) & 0x0f,
    hasDiscontinuity: adaptationBytes > 1 && (byte(5) & 0x80) !== 0,
    isStuffed: adaptationBytes > 0 && adaptationBytes > meaningfulBytes(packet),
    payload: hasPayload && begin < TS_PACKET_BYTES ? packet.subarray(begin) : undefined,
  };
}

/** Bytes of an adaptation field, with its length, that are no stuffing (ISO/IEC 13818-1 2.4.3.4). */
function meaningfulBytes(packet: Uint8Array): number {
  const byte = (at: number): number => packet[at] ?? 0;
  if (byte(4) === 0) return 0;
  const flags = byte(5);
  let bytes = 2;
  if (flags & 0x10) bytes += 6;
  if (flags & 0x08) bytes += 6;
  if (flags & 0x04) bytes += 1;
  if (flags & 0x02) bytes += 1 + byte(4 + bytes);
  if (flags & 0x01) bytes += 1 + byte(4 + bytes);
  return bytes;
}
