/**
 * One message of the preview WebSocket, little-endian:
 *
 * | offset | type | field |
 * | --- | --- | --- |
 * | 0 | u8 | version: 1 |
 * | 1 | u8 | flags: 0 |
 * | 2 | u16 | 0 |
 * | 4 | u16 | width, px |
 * | 6 | u16 | height, px |
 * | 8 | u64 | pts, µs |
 * | 16 | u8 each | JPEG |
 */
import { WireError } from './wire-error.ts';

const HEADER_BYTES = 16;
const VERSION = 1;

/** One reconstructed picture as it travels. */
export interface PreviewFrame {
  /** Media time, µs. */
  readonly pts: number;
  /** Size of the JPEG, px. */
  readonly width: number;
  readonly height: number;
  readonly jpeg: Uint8Array;
}

/** Writes a preview message; the caller owns the bytes. */
export function encodePreviewFrame({ pts, width, height, jpeg }: PreviewFrame): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + jpeg.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint16(4, width, true);
  view.setUint16(6, height, true);
  view.setBigUint64(8, BigInt(pts), true);
  bytes.set(jpeg, HEADER_BYTES);
  return bytes;
}

/** Reads a preview message; `jpeg` is a view of `data`. Throws a `WireError`. */
export function decodePreviewFrame(data: Uint8Array): PreviewFrame {
  if (data.length <= HEADER_BYTES)
    throw new WireError(`a preview message has more than ${HEADER_BYTES} bytes, got ${data.length}`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (view.getUint8(0) !== VERSION)
    throw new WireError(`a preview message is of version ${VERSION}, got ${view.getUint8(0)}`);
  const pts = Number(view.getBigUint64(8, true));
  if (!Number.isSafeInteger(pts)) throw new WireError(`pts must be below 2^53, got ${pts}`);
  return {
    pts,
    width: view.getUint16(4, true),
    height: view.getUint16(6, true),
    jpeg: data.subarray(HEADER_BYTES),
  };
}
