/** Cuts access units into RTP payloads as senders do, for tests of the receiving side. */
import { obusOf } from '../../pipeline/demux/av1-obu.ts';
import { elementsOf } from '../../pipeline/demux/nal-units.ts';
import type { RtpCodec } from '../../pipeline/rtp/rtp-receiver.ts';

export interface PacketizeOptions {
  /** Largest payload, bytes. */
  readonly maxPayloadBytes: number;
  /** Number of the picture, which VP8 and VP9 carry. */
  readonly pictureId: number;
  readonly isKeyframe: boolean;
}

type Packetize = (unit: Uint8Array, options: PacketizeOptions) => Uint8Array[];

const pieces = (bytes: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );

const typeOf = (nal: Uint8Array): number => nal[0]! & 31;

/** RFC 6184: parameter sets in a STAP-A, alone or with the picture where it fits, as Chromium does; FU-A above the size. */
export function packetizeNals(nals: readonly Uint8Array[], maxPayloadBytes: number): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  let group: Uint8Array[] = [];
  const flush = (): void => {
    if (group.length === 1) payloads.push(group[0]!);
    if (group.length > 1) payloads.push(aggregate(group));
    group = [];
  };
  for (const nal of nals) {
    const groupBytes = group.reduce((sum, each) => sum + 2 + each.length, 1);
    const isSet = typeOf(nal) >= 6 && typeOf(nal) <= 9;
    const fits = groupBytes + 2 + nal.length <= maxPayloadBytes;
    if (fits && (isSet || group.length > 0)) group.push(nal);
    else {
      flush();
      if (nal.length <= maxPayloadBytes) payloads.push(nal);
      else payloads.push(...fragment(nal, maxPayloadBytes));
    }
  }
  flush();
  return payloads;
}

function aggregate(nals: readonly Uint8Array[]): Uint8Array {
  const parts = nals.flatMap((nal) => [Uint8Array.of(nal.length >> 8, nal.length & 255), nal]);
  return Buffer.concat([Uint8Array.of(0x60 | 24), ...parts]);
}

function fragment(nal: Uint8Array, maxPayloadBytes: number): Uint8Array[] {
  const parts = pieces(nal.subarray(1), maxPayloadBytes - 2);
  return parts.map((part, index) => {
    const flags = (index === 0 ? 0x80 : 0) | (index === parts.length - 1 ? 0x40 : 0);
    return Buffer.concat([Uint8Array.of((nal[0]! & 0xe0) | 28, flags | typeOf(nal)), part]);
  });
}

/** RFC 7741 with a 15-bit picture number. */
const packetizeVp8: Packetize = (unit, { maxPayloadBytes, pictureId }) =>
  pieces(unit, maxPayloadBytes - 4).map((part, index) =>
    Buffer.concat([
      Uint8Array.of(0x80 | (index === 0 ? 0x10 : 0), 0x80, 0x80 | ((pictureId >> 8) & 0x7f), pictureId & 255),
      part,
    ]),
  );

/** RFC 9628 as Chromium does without layers: not flexible, layer bytes, and a structure of one layer on keyframes. */
const packetizeVp9: Packetize = (unit, { maxPayloadBytes, pictureId, isKeyframe }) => {
  const parts = pieces(unit, maxPayloadBytes - 16);
  return parts.map((part, index) => {
    const hasStructure = isKeyframe && index === 0;
    const head =
      0xa0 |
      (isKeyframe ? 0 : 0x40) |
      (index === 0 ? 8 : 0) |
      (index === parts.length - 1 ? 4 : 0) |
      (hasStructure ? 2 : 0);
    const structure = hasStructure ? [0x18, 0x01, 0x40, 0x00, 0xf0, 1, 0x04, 1] : [];
    return Buffer.concat([
      Uint8Array.of(
        head,
        0x80 | ((pictureId >> 8) & 0x7f),
        pictureId & 255,
        0,
        pictureId & 255,
        ...structure,
      ),
      part,
    ]);
  });
};

/** AV1 RTP payload format: one element a packet (W = 1), units without sizes, cut where they do not fit. */
const packetizeAv1: Packetize = (unit, { maxPayloadBytes, isKeyframe }) =>
  obusOf(unit).flatMap(({ header, payload }, order) => {
    const parts = pieces(Buffer.concat([header, payload]), maxPayloadBytes - 1);
    return parts.map((part, index) =>
      Buffer.concat([
        Uint8Array.of(
          (index > 0 ? 0x80 : 0) |
            (index < parts.length - 1 ? 0x40 : 0) |
            0x10 |
            (isKeyframe && order === 0 && index === 0 ? 8 : 0),
        ),
        part,
      ]),
    );
  });

const packetizeH264: Packetize = (unit, { maxPayloadBytes }) =>
  packetizeNals(elementsOf(unit), maxPayloadBytes);

/** The payloads of one unit, by codec. H.264 comes in Annex B, AV1 in low-overhead form. */
export const PACKETIZERS: Readonly<Record<RtpCodec, Packetize>> = {
  h264: packetizeH264,
  vp8: packetizeVp8,
  vp9: packetizeVp9,
  av1: packetizeAv1,
};
