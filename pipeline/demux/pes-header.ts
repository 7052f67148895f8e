/** The header of a PES packet (ISO/IEC 13818-1 2.4.3.6). */
export interface PesHeader {
  readonly headerBytes: number;
  /** Bytes after the header, or `undefined` where the packet ends with the next one's beginning. */
  readonly payloadBytes: number | undefined;
  readonly isScrambled: boolean;
  /** 90 kHz, 33 bits. */
  readonly pts: number | undefined;
  readonly dts: number | undefined;
}

/** Bytes of the longest header. */
export const MAX_PES_HEADER_BYTES = 9 + 255;

/** Parses a header; `short` where more bytes are needed, `invalid` where it is none of a video stream. */
export function parsePesHeader(bytes: Uint8Array): PesHeader | 'short' | 'invalid' {
  const byte = (at: number): number => bytes[at] ?? 0;
  const hasPrefix = [0, 0, 1].every((expected, at) => at >= bytes.length || byte(at) === expected);
  // Video streams, and extended stream ids (Table 2-22).
  const isVideo = bytes.length <= 3 || (byte(3) & 0xf0) === 0xe0 || byte(3) === 0xfd;
  if (!hasPrefix || !isVideo || (bytes.length > 6 && (byte(6) & 0xc0) !== 0x80)) return 'invalid';
  if (bytes.length < 9) return 'short';
  const headerBytes = 9 + byte(8);
  if (bytes.length < headerBytes) return 'short';
  const packetBytes = byte(4) * 256 + byte(5);
  const payloadBytes = packetBytes === 0 ? undefined : 6 + packetBytes - headerBytes;
  if (payloadBytes !== undefined && payloadBytes < 0) return 'invalid';
  const times = byte(7) >> 6;
  const pts = times >= 2 && headerBytes >= 14 ? timestampAt(bytes, 9) : undefined;
  const dts = times === 3 && headerBytes >= 19 ? timestampAt(bytes, 14) : pts;
  return { headerBytes, payloadBytes, isScrambled: (byte(6) & 0x30) !== 0, pts, dts };
}

/** 33 bits in five bytes with marker bits between; beyond 32 bits, hence no shifts. */
function timestampAt(bytes: Uint8Array, at: number): number {
  const byte = (offset: number): number => bytes[at + offset] ?? 0;
  const high = (byte(0) >> 1) & 7;
  const middle = (byte(1) << 7) | (byte(2) >> 1);
  const low = (byte(3) << 7) | (byte(4) >> 1);
  return high * 2 ** 30 + middle * 2 ** 15 + low;
}

const WRAP = 2 ** 33;

/** The value nearest to `reference` that equals a 33-bit timestamp modulo its wrap. */
export function unwrapTimestamp(timestamp: number, reference: number): number {
  return timestamp + Math.round((reference - timestamp) / WRAP) * WRAP;
}
