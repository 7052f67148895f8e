import { MediaError } from '../errors.ts';
import type { VideoCodec } from '../types.ts';
import type { CodedTrack } from './coded-unit.ts';
import { childrenOf, type EbmlElement, toUnsigned } from './ebml.ts';

/** Element ids, RFC 9559 section 5. */
const ID = {
  trackEntry: 0xae,
  number: 0xd7,
  type: 0x83,
  codec: 0x86,
  codecPrivate: 0x63a2,
  defaultDuration: 0x23e383,
  video: 0xe0,
  width: 0xb0,
  height: 0xba,
  encodings: 0x6d80,
  encoding: 0x6240,
  encodingType: 0x5033,
  compression: 0x5034,
  algorithm: 0x4254,
  settings: 0x4255,
} as const;

const TYPE_VIDEO = 1;
const COMPRESSION = 0;
const HEADER_STRIPPING = 3;

/** Codec ids of RFC 9559 and the Matroska codec registry that are taken. */
const CODECS: ReadonlyMap<string, VideoCodec> = new Map([
  ['V_MPEG4/ISO/AVC', 'h264'],
  ['V_MPEGH/ISO/HEVC', 'hevc'],
  ['V_MPEG4/ISO/SP', 'mpeg4'],
  ['V_MPEG4/ISO/ASP', 'mpeg4'],
  ['V_MPEG4/ISO/AP', 'mpeg4'],
  ['V_MPEG2', 'mpeg2'],
  ['V_MPEG1', 'mpeg1'],
  ['V_VP8', 'vp8'],
  ['V_VP9', 'vp9'],
  ['V_AV1', 'av1'],
]);

/** A video track and how its blocks are told and unpacked. */
export interface MatroskaTrack {
  readonly number: number;
  readonly coded: CodedTrack;
  /** Bytes that every block has lost at its beginning (header stripping). */
  readonly prefix: Uint8Array;
}

/** Chooses the first video track that is taken. Throws where there is none. */
export function chooseTrack(tracks: Uint8Array): MatroskaTrack {
  const entries = childrenOf(tracks).filter((element) => element.id === ID.trackEntry);
  const videos = entries
    .map((entry) => childrenOf(entry.data))
    .filter((fields) => numberOf(fields, ID.type) === TYPE_VIDEO);
  if (videos.length === 0)
    throw new MediaError(
      'no-video',
      `a stream needs a video track, got a Matroska file with ${entries.length} tracks and no video`,
    );
  const fields = videos.find((candidate) => CODECS.has(textOf(candidate, ID.codec))) ?? videos[0] ?? [];
  const codec = CODECS.get(textOf(fields, ID.codec));
  if (!codec)
    throw new MediaError(
      'unsupported-codec',
      `Matroska video is one of ${[...CODECS.keys()].join(', ')}; got ${JSON.stringify(textOf(fields, ID.codec))}`,
    );
  return {
    number: numberOf(fields, ID.number) ?? 0,
    coded: codedOf(fields, codec),
    prefix: prefixOf(fields),
  };
}

function codedOf(fields: readonly EbmlElement[], codec: VideoCodec): CodedTrack {
  const video = childrenOf(dataOf(fields, ID.video) ?? new Uint8Array(0));
  const durationNanos = numberOf(fields, ID.defaultDuration);
  return {
    codec,
    extradata: dataOf(fields, ID.codecPrivate)?.slice(),
    widthPx: numberOf(video, ID.width),
    heightPx: numberOf(video, ID.height),
    framesPerSecond: durationNanos ? 1e9 / durationNanos : undefined,
    isTimed: true,
  };
}

function prefixOf(fields: readonly EbmlElement[]): Uint8Array {
  const encodings = childrenOf(dataOf(fields, ID.encodings) ?? new Uint8Array(0));
  if (encodings.length === 0) return new Uint8Array(0);
  const encoding = childrenOf(encodings[0]?.data ?? new Uint8Array(0));
  const compression = childrenOf(dataOf(encoding, ID.compression) ?? new Uint8Array(0));
  const isStripping =
    encodings.length === 1 &&
    (numberOf(encoding, ID.encodingType) ?? COMPRESSION) === COMPRESSION &&
    numberOf(compression, ID.algorithm) === HEADER_STRIPPING;
  if (!isStripping)
    throw new MediaError(
      'unsupported-codec',
      'Matroska video may be encoded by header stripping only, got another compression or encryption',
    );
  return dataOf(compression, ID.settings)?.slice() ?? new Uint8Array(0);
}

const dataOf = (fields: readonly EbmlElement[], id: number): Uint8Array | undefined =>
  fields.find((field) => field.id === id)?.data;

function numberOf(fields: readonly EbmlElement[], id: number): number | undefined {
  const data = dataOf(fields, id);
  return data && toUnsigned(data.subarray(0, 8));
}

/** Printable text, so that it can stand in a message. */
const textOf = (fields: readonly EbmlElement[], id: number): string =>
  String.fromCharCode(...(dataOf(fields, id) ?? new Uint8Array(0)).subarray(0, 64)).replace(
    /[^\x20-\x7e]+/g,
    '',
  );
