import { TS_PACKET_BYTES, TS_STRIDES, TS_SYNC_BYTE } from './ts-packet.ts';

export const CONTAINERS = ['mpeg-ts', 'matroska', 'mp4', 'elementary'] as const;
/** What a byte stream is packed in. */
export type Container = (typeof CONTAINERS)[number];

/** Bytes by which every container is told, or is none of these. */
export const SNIFF_BYTES = 4 * Math.max(...TS_STRIDES) + TS_PACKET_BYTES;

const EBML = [0x1a, 0x45, 0xdf, 0xa3] as const;
/** Boxes that an MP4 file or segment begins with (ISO/IEC 14496-12 4.2; `mdat`, `wide`, `skip` and `pnot` in older files). */
const FIRST_BOXES = ['ftyp', 'styp', 'moov', 'moof', 'mdat', 'free', 'skip', 'wide', 'pnot', 'sidx', 'emsg'];

/** Tells the container from the first bytes; `short` where more could tell, which is never said at the end. */
export function sniff(head: Uint8Array, isEnd: boolean): Container | 'unknown' | 'short' {
  if (EBML.every((byte, at) => head[at] === byte)) return 'matroska';
  if (FIRST_BOXES.includes(String.fromCharCode(...head.subarray(4, 8)))) return 'mp4';
  if (isTransportStream(head, isEnd)) return 'mpeg-ts';
  if (!isEnd && head.length < SNIFF_BYTES) return 'short';
  return beginsWithStartCode(head) ? 'elementary' : 'unknown';
}

/** A run of sync bytes at one distance; a lone packet counts where it is all there is. */
function isTransportStream(head: Uint8Array, isEnd: boolean): boolean {
  if (isEnd && head.length < 2 * TS_PACKET_BYTES)
    return head.length >= TS_PACKET_BYTES && head[0] === TS_SYNC_BYTE;
  return TS_STRIDES.some((stride) => {
    const run = Math.min(4, Math.floor((head.length - 1) / stride));
    for (let first = 0; first < stride && run >= 1; first += 1) {
      const needed = first === 0 ? Math.min(run, 2) : run;
      if (first > 0 && run < 4) return false;
      const steps = Array.from({ length: needed + 1 }, (_, step) => head[first + step * stride]);
      if (steps.every((byte) => byte === TS_SYNC_BYTE)) return needed >= 2 || isEnd;
    }
    return false;
  });
}

/** Zero bytes and a start code, with nothing before. */
function beginsWithStartCode(head: Uint8Array): boolean {
  const zeros = head.findIndex((byte) => byte !== 0);
  return zeros >= 2 && head[zeros] === 1;
}
