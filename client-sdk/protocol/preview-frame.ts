/**
 * One message of the preview WebSocket, little-endian:
 *
 * | offset | type | field |
 * | --- | --- | --- |
 * | 0 | u8 | version: 1 |
 * | 1 | u8 | flags: 1 a motion field stands before the JPEG |
 * | 2 | u8 | columns of the motion field, else 0 |
 * | 3 | u8 | rows of the motion field, else 0 |
 * | 4 | u16 | width, px |
 * | 6 | u16 | height, px |
 * | 8 | u64 | pts, µs |
 * | 16 | i8 each | the motion field by flag 1, rows x columns x (dx, dy) |
 * | | u8 each | JPEG |
 */
import { WireError } from './wire-error.ts';

const HEADER_BYTES = 16;
const VERSION = 1;
const FLAG_MOTION = 1;

/** What one step of a motion field's numbers stands for, as a fraction of the picture's width or height. */
export const MOTION_STEP = 1 / 1024;

/** The motion that led to a picture from the one before it. */
export interface PreviewMotion {
  readonly columns: number;
  readonly rows: number;
  /** int8 [rows, columns, 2]: forward displacement, dx of the width then dy of the height, in `MOTION_STEP`, clipped. */
  readonly steps: Int8Array;
}

/** One reconstructed picture as it travels. */
export interface PreviewFrame {
  /** Media time, µs. */
  readonly pts: number;
  /** Size of the JPEG, px. */
  readonly width: number;
  readonly height: number;
  readonly jpeg: Uint8Array;
  /** Where it was asked for; absent at a keyframe and in a still stretch. */
  readonly motion?: PreviewMotion | undefined;
}

/** Writes a preview message, without a motion field of more than 255 columns or rows; the caller owns the bytes. */
export function encodePreviewFrame({ pts, width, height, jpeg, ...rest }: PreviewFrame): Uint8Array {
  const motion =
    rest.motion && Math.max(rest.motion.columns, rest.motion.rows) < 256 ? rest.motion : undefined;
  const motionBytes = motion?.steps.length ?? 0;
  const bytes = new Uint8Array(HEADER_BYTES + motionBytes + jpeg.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, motion ? FLAG_MOTION : 0);
  view.setUint8(2, motion?.columns ?? 0);
  view.setUint8(3, motion?.rows ?? 0);
  view.setUint16(4, width, true);
  view.setUint16(6, height, true);
  view.setBigUint64(8, BigInt(pts), true);
  if (motion) new Int8Array(bytes.buffer).set(motion.steps, HEADER_BYTES);
  bytes.set(jpeg, HEADER_BYTES + motionBytes);
  return bytes;
}

/** Reads a preview message; `jpeg` and the motion's `steps` are views of `data`. Throws a `WireError`. */
export function decodePreviewFrame(data: Uint8Array): PreviewFrame {
  if (data.length <= HEADER_BYTES)
    throw new WireError(`a preview message has more than ${HEADER_BYTES} bytes, got ${data.length}`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (view.getUint8(0) !== VERSION)
    throw new WireError(`a preview message is of version ${VERSION}, got ${view.getUint8(0)}`);
  const pts = Number(view.getBigUint64(8, true));
  if (!Number.isSafeInteger(pts)) throw new WireError(`pts must be below 2^53, got ${pts}`);
  const motion = readMotion(view);
  return {
    pts,
    width: view.getUint16(4, true),
    height: view.getUint16(6, true),
    jpeg: data.subarray(HEADER_BYTES + (motion?.steps.length ?? 0)),
    ...(motion && { motion }),
  };
}

function readMotion(view: DataView): PreviewMotion | undefined {
  if ((view.getUint8(1) & FLAG_MOTION) === 0) return undefined;
  const columns = view.getUint8(2);
  const rows = view.getUint8(3);
  const sizeBytes = columns * rows * 2;
  if (sizeBytes === 0 || view.byteLength <= HEADER_BYTES + sizeBytes)
    throw new WireError(
      `a motion field of ${columns}x${rows} does not fit a message of ${view.byteLength} bytes`,
    );
  const steps = new Int8Array(view.buffer, view.byteOffset + HEADER_BYTES, sizeBytes);
  return { columns, rows, steps };
}
