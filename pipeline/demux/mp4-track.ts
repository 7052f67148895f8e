import { MediaError } from '../errors.ts';
import type { VideoCodec } from '../types.ts';
import type { CodedTrack } from './coded-unit.ts';
import { boxAt, boxesIn, uint16At, uint32At } from './mp4-boxes.ts';

/** What fragments take from the movie box unless they say otherwise (`trex`, ISO/IEC 14496-12 8.8.3). */
export interface SampleDefaults {
  readonly durationTicks: number;
  readonly sizeBytes: number;
  readonly flags: number;
}

/** The video track of an MP4. */
export interface Mp4Track {
  readonly id: number;
  /** Ticks a second. */
  readonly timescale: number;
  readonly coded: CodedTrack;
  readonly defaults: SampleDefaults;
  /** The sample table (`stbl`), a view into the movie box. */
  readonly sampleTable: Uint8Array;
}

/** Sample entries that are taken, with the box of their decoder configuration. */
const ENTRIES: ReadonlyMap<
  string,
  { readonly codec: VideoCodec; readonly configuration: string | undefined }
> = new Map([
  ['avc1', { codec: 'h264', configuration: 'avcC' }],
  ['avc3', { codec: 'h264', configuration: 'avcC' }],
  ['hvc1', { codec: 'hevc', configuration: 'hvcC' }],
  ['hev1', { codec: 'hevc', configuration: 'hvcC' }],
  ['vp08', { codec: 'vp8', configuration: undefined }],
  ['vp09', { codec: 'vp9', configuration: undefined }],
  ['av01', { codec: 'av1', configuration: 'av1C' }],
  ['mp4v', { codec: 'mpeg4', configuration: 'esds' }],
]);
/** objectTypeIndication of MPEG-4 Part 2 visual (ISO/IEC 14496-1 Table 5). */
const OBJECT_MPEG4_VISUAL = 0x20;
/** Bytes of a visual sample entry before its boxes (ISO/IEC 14496-12 12.1.3). */
const VISUAL_ENTRY_BYTES = 78;

/** Chooses the first video track that is taken from a movie box. Throws where there is none. */
export function chooseMp4Track(moov: Uint8Array): Mp4Track {
  const tracks = boxesIn(moov).filter((box) => box.type === 'trak');
  const videos = tracks.filter((track) => handlerOf(track.payload) === 'vide');
  if (videos.length === 0)
    throw new MediaError(
      'no-video',
      `a stream needs a video track, got an MP4 with ${tracks.length} tracks and no video`,
    );
  const track = videos.find((video) => ENTRIES.has(entryOf(video.payload)?.type ?? '')) ?? videos[0];
  const entry = track && entryOf(track.payload);
  const kind = ENTRIES.get(entry?.type ?? '');
  if (!track || !entry || !kind)
    throw new MediaError(
      'unsupported-codec',
      `MP4 video is one of ${[...ENTRIES.keys()].join(', ')}; got ${JSON.stringify(entry?.type ?? '')}`,
    );
  const id = trackIdOf(track.payload);
  return {
    id,
    timescale: timescaleOf(track.payload),
    coded: {
      codec: kind.codec,
      extradata: configurationOf(entry.payload, kind.configuration),
      widthPx: uint16At(entry.payload, 24) || undefined,
      heightPx: uint16At(entry.payload, 26) || undefined,
      isTimed: true,
    },
    defaults: defaultsOf(moov, id),
    sampleTable: boxAt(track.payload, ['mdia', 'minf', 'stbl']) ?? new Uint8Array(0),
  };
}

function handlerOf(trak: Uint8Array): string {
  const handler = boxAt(trak, ['mdia', 'hdlr']) ?? new Uint8Array(0);
  return String.fromCharCode(...handler.subarray(8, 12));
}

/** The first sample entry. */
const entryOf = (trak: Uint8Array) =>
  boxesIn((boxAt(trak, ['mdia', 'minf', 'stbl', 'stsd']) ?? new Uint8Array(0)).subarray(8))[0];

function trackIdOf(trak: Uint8Array): number {
  const header = boxAt(trak, ['tkhd']) ?? new Uint8Array(0);
  return uint32At(header, header[0] === 1 ? 20 : 12);
}

function timescaleOf(trak: Uint8Array): number {
  const header = boxAt(trak, ['mdia', 'mdhd']) ?? new Uint8Array(0);
  return uint32At(header, header[0] === 1 ? 20 : 12) || 1;
}

function defaultsOf(moov: Uint8Array, id: number): SampleDefaults {
  const box = boxesIn(boxAt(moov, ['mvex']) ?? new Uint8Array(0)).find(
    (child) => child.type === 'trex' && uint32At(child.payload, 4) === id,
  )?.payload;
  if (!box) return { durationTicks: 0, sizeBytes: 0, flags: 0 };
  return {
    durationTicks: uint32At(box, 12),
    sizeBytes: uint32At(box, 16),
    flags: uint32At(box, 20),
  };
}

function configurationOf(entry: Uint8Array, type: string | undefined): Uint8Array | undefined {
  const box = type && boxAt(entry.subarray(VISUAL_ENTRY_BYTES), [type]);
  if (!box) return undefined;
  return type === 'esds' ? decoderInfoOf(box) : box.slice();
}

const TAG_ES = 3;
const TAG_DECODER_CONFIG = 4;
const TAG_DECODER_INFO = 5;

/** DecoderSpecificInfo of an elementary stream descriptor (ISO/IEC 14496-1 7.2.6). */
function decoderInfoOf(esds: Uint8Array): Uint8Array | undefined {
  const stream = descriptorIn(esds.subarray(4), TAG_ES);
  const flags = stream?.[2] ?? 0;
  const urlBytes = (flags & 0x40) !== 0 ? 1 + (stream?.[5] ?? 0) : 0;
  const begin = 3 + ((flags & 0x80) !== 0 ? 2 : 0) + urlBytes + ((flags & 0x20) !== 0 ? 2 : 0);
  const config = stream && descriptorIn(stream.subarray(begin), TAG_DECODER_CONFIG);
  if (config && config[0] !== OBJECT_MPEG4_VISUAL)
    throw new MediaError(
      'unsupported-codec',
      `MP4 video in mp4v is MPEG-4 Part 2 (object type 32), got object type ${config[0]}`,
    );
  return config && descriptorIn(config.subarray(13), TAG_DECODER_INFO)?.slice();
}

/** The payload of the descriptor at the front, if it has the tag. */
function descriptorIn(bytes: Uint8Array, tag: number): Uint8Array | undefined {
  if (bytes[0] !== tag) return undefined;
  let length = 0;
  let at = 1;
  for (; at <= 4; at += 1) {
    const byte = bytes[at] ?? 0;
    length = (length << 7) | (byte & 0x7f);
    if (byte < 0x80) break;
  }
  return bytes.subarray(at + 1, at + 1 + length);
}
