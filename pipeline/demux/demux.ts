import { MediaError } from '../errors.ts';
import type { DemuxEvent } from '../types.ts';
import type { ContainerParser } from './coded-unit.ts';
import type { Demux, DemuxOptions, OpenMedia } from './demuxer.ts';
import { ElementaryStreamParser } from './elementary-stream.ts';
import { MatroskaParser } from './matroska.ts';
import { Mp4Parser } from './mp4.ts';
import { MpegTsParser } from './mpeg-ts.ts';
import { type Container, SNIFF_BYTES, sniff } from './sniff.ts';
import { VideoTrack } from './video-track.ts';

/** Bytes that a parser is given at once, so that its queues stay small whatever the source sends. */
const PIECE_BYTES = 1 << 16;

/**
 * Splits a byte stream into access units: MPEG-TS, Matroska or WebM, fragmented or fast-start MP4, or an elementary
 * stream of H.264, HEVC, MPEG-4 Part 2, MPEG-2 or MPEG-1, told by its first bytes.
 */
export const demux: Demux = async function* demux(source, options) {
  const input = source[Symbol.asyncIterator]();
  try {
    const head = await readHead(input);
    yield* parse(head, input, options);
  } finally {
    await input.return?.();
  }
};

/** Media that comes as a byte stream. */
export const demuxed =
  (bytes: AsyncIterable<Uint8Array>): OpenMedia =>
  (options) =>
    demux(bytes, options);

interface Head {
  readonly container: Container;
  readonly bytes: Uint8Array;
  readonly isEnd: boolean;
}

async function readHead(input: AsyncIterator<Uint8Array>): Promise<Head> {
  let bytes: Uint8Array = new Uint8Array(0);
  for (;;) {
    const next = await input.next();
    const isEnd = next.done === true;
    if (!isEnd) bytes = bytes.length > 0 ? Buffer.concat([bytes, next.value]) : next.value;
    if (isEnd && bytes.length === 0) throw new MediaError('empty-body', 'a stream needs bytes, got none');
    const container = sniff(bytes.subarray(0, SNIFF_BYTES), isEnd);
    if (container === 'unknown') refuse(bytes);
    if (container !== 'short') return { container, bytes, isEnd };
  }
}

function refuse(bytes: Uint8Array): never {
  const first = [...bytes.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  throw new MediaError(
    'unknown-container',
    `a stream is MPEG-TS, Matroska/WebM, MP4, or H.264, HEVC, MPEG-4 or MPEG-1/2 with start codes; got bytes that begin with ${first}`,
  );
}

async function* parse(
  head: Head,
  input: AsyncIterator<Uint8Array>,
  options: DemuxOptions,
): AsyncGenerator<DemuxEvent> {
  let events: DemuxEvent[] = [];
  const track = new VideoTrack({
    framesPerSecond: options.framesPerSecond,
    emit: (event) => events.push(event),
  });
  const parser = openParser(head.container, track, options);
  /** Gives what a step emits, also where it fails after that. */
  function* eventsOf(step: () => void): Generator<DemuxEvent> {
    events = [];
    try {
      step();
    } finally {
      yield* events;
    }
  }
  for (let bytes: Uint8Array | undefined = head.bytes; bytes; bytes = await nextBytes(head, input)) {
    const received = options.now();
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      yield* eventsOf(() => parser.push(piece, received));
    }
  }
  yield* eventsOf(() => {
    parser.end();
    track.end();
  });
  if (track.units === 0)
    throw new MediaError('no-video', `a stream needs pictures, got a ${head.container} input without one`);
}

async function nextBytes(head: Head, input: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
  if (head.isEnd) return undefined;
  const next = await input.next();
  return next.done === true ? undefined : next.value;
}

function openParser(container: Container, track: VideoTrack, options: DemuxOptions): ContainerParser {
  switch (container) {
    case 'mpeg-ts':
      return new MpegTsParser(track, options);
    case 'matroska':
      return new MatroskaParser(track, options);
    case 'mp4':
      return new Mp4Parser(track, options);
    case 'elementary':
      return new ElementaryStreamParser(track, options);
  }
}
