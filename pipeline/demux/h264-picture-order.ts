import { type H264SliceHeader, NAL_IDR } from './h264-slice-header.ts';

/** Picture order counts (ITU-T H.264 8.2.1), of frames and first fields. */
export class H264PictureOrder {
  #previousMsb = 0;
  #previousLsb = 0;
  #previousFrameNum = 0;
  #frameNumOffset = 0;

  /** The order count of a picture, in decoding order; counted from the last IDR picture. */
  next(slice: H264SliceHeader): number {
    const isIdr = slice.nalType === NAL_IDR;
    if (slice.sps.orderType === 0) return this.#byLsb(slice, isIdr);
    const modulus = 2 ** slice.sps.frameNumBits;
    if (isIdr) this.#frameNumOffset = 0;
    else if (this.#previousFrameNum > slice.frameNum) this.#frameNumOffset += modulus;
    this.#previousFrameNum = slice.frameNum;
    const count = this.#frameNumOffset + slice.frameNum;
    return slice.sps.orderType === 1 ? expectedOrder(slice, count) : byFrameNum(slice, count, isIdr);
  }

  /** 8.2.1.1 */
  #byLsb(slice: H264SliceHeader, isIdr: boolean): number {
    if (isIdr) {
      this.#previousMsb = 0;
      this.#previousLsb = 0;
    }
    const modulus = 2 ** slice.sps.orderLsbBits;
    const step = slice.orderLsb - this.#previousLsb;
    let msb = this.#previousMsb;
    if (step <= -modulus / 2) msb += modulus;
    else if (step > modulus / 2) msb -= modulus;
    if (slice.refIdc > 0) {
      this.#previousMsb = msb;
      this.#previousLsb = slice.orderLsb;
    }
    const top = msb + slice.orderLsb;
    return Math.min(top, top + (slice.isField ? 0 : slice.orderDeltaBottom));
  }
}

/** 8.2.1.2 */
function expectedOrder(slice: H264SliceHeader, count: number): number {
  const offsets = slice.sps.offsetsForReferenceFrame;
  const isReference = slice.refIdc > 0;
  const frames = offsets.length > 0 ? Math.max(0, count - (isReference ? 0 : 1)) : 0;
  const cycle = offsets.reduce((sum, offset) => sum + offset, 0);
  const whole = frames > 0 ? Math.floor((frames - 1) / offsets.length) : 0;
  const rest = frames > 0 ? (frames - 1) % offsets.length : -1;
  const partial = offsets.slice(0, rest + 1).reduce((sum, offset) => sum + offset, 0);
  const expected = whole * cycle + partial + (isReference ? 0 : slice.sps.offsetForNonReference);
  const top = expected + slice.orderDelta0;
  const bottom = top + slice.sps.offsetForTopToBottom + slice.orderDelta1;
  if (slice.isField)
    return slice.isBottom ? expected + slice.sps.offsetForTopToBottom + slice.orderDelta0 : top;
  return Math.min(top, bottom);
}

/** 8.2.1.3 */
function byFrameNum(slice: H264SliceHeader, count: number, isIdr: boolean): number {
  if (isIdr) return 0;
  return slice.refIdc > 0 ? 2 * count : 2 * count - 1;
}
