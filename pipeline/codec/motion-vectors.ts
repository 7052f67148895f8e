import type { MotionVectors } from '../types.ts';

/** Bytes of an `AVMotionVector` (libavutil/motion_vector.h) on every platform that node-av is built for. */
const NATIVE_RECORD_BYTES = 40;

/** Numbers of one record of `MotionVectors.records`. */
export const VECTOR_FIELDS = 10;

/** Reads the motion-vector side data of a frame; a partial record at the end is ignored. */
export function fromMotionVectorSideData(sideData: Uint8Array): MotionVectors {
  const count = Math.floor(sideData.byteLength / NATIVE_RECORD_BYTES);
  const records = new Int32Array(count * VECTOR_FIELDS);
  const view = new DataView(sideData.buffer, sideData.byteOffset, sideData.byteLength);
  for (let index = 0; index < count; index++) {
    const from = index * NATIVE_RECORD_BYTES;
    const to = index * VECTOR_FIELDS;
    records[to] = view.getInt32(from, true); // source
    records[to + 1] = view.getUint8(from + 4); // w
    records[to + 2] = view.getUint8(from + 5); // h
    records[to + 3] = view.getInt16(from + 6, true); // src_x
    records[to + 4] = view.getInt16(from + 8, true); // src_y
    records[to + 5] = view.getInt16(from + 10, true); // dst_x
    records[to + 6] = view.getInt16(from + 12, true); // dst_y
    // 8 bytes of flags, always 0, lie between after 2 of padding.
    records[to + 7] = view.getInt32(from + 24, true); // motion_x
    records[to + 8] = view.getInt32(from + 28, true); // motion_y
    records[to + 9] = view.getUint16(from + 32, true); // motion_scale
  }
  return { count, records };
}
