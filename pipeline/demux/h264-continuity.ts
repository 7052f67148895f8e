import { type H264SliceHeader, NAL_IDR } from './h264-slice-header.ts';

/**
 * Notices by frame_num (ITU-T H.264 7.4.3) that reference pictures are missing from a stream. A missing picture that no
 * other refers to leaves no trace and is none of its business. After memory_management_control_operation 5, which no encoder in
 * wide use sends and which is not followed here, it may report a loss that did not happen.
 */
export class H264Continuity {
  /** frame_num of the last reference picture, while it is known. */
  #last: number | undefined;

  /** Gives the number of reference pictures missing before this picture, in decoding order. */
  missingBefore(slice: H264SliceHeader): number {
    const modulus = 2 ** slice.sps.frameNumBits;
    const missing = this.#gapBefore(slice, modulus);
    if (slice.refIdc > 0) this.#last = slice.frameNum;
    else if (missing > 0) this.#last = (slice.frameNum - 1 + modulus) % modulus;
    return missing;
  }

  /** A loss is known: the next picture is taken as it comes. */
  resume(): void {
    this.#last = undefined;
  }

  #gapBefore(slice: H264SliceHeader, modulus: number): number {
    const last = this.#last;
    if (slice.nalType === NAL_IDR || last === undefined || slice.sps.areFrameNumGapsAllowed) return 0;
    return Math.max(0, ((slice.frameNum - last + modulus) % modulus) - 1);
  }
}
