import type { Millis } from '../../client-sdk/protocol/units.ts';
import { MediaError } from '../errors.ts';
import type { VideoCodec } from '../types.ts';
import { ByteQueue } from './byte-queue.ts';
import type { CodedSink, ContainerParser } from './coded-unit.ts';
import type { DemuxOptions } from './demuxer.ts';
import { parseH264Sps } from './h264-parameter-sets.ts';
import { NAL_SPS } from './h264-slice-header.ts';
import { HEVC_SPS, hevcTypeOf, parseHevcSps } from './hevc-parameter-sets.ts';
import { parseMpeg2Sequence } from './mpeg2-sequence.ts';
import { parseMpeg4Vol } from './mpeg4-parameter-sets.ts';
import { openBoundaries } from './open-bitstream-reader.ts';
import { START_CODE, StartCodeSplitter } from './start-code-splitter.ts';

/** Bytes within which a stream's first parameter set must come. */
const HEAD_BYTES = 1 << 20;

/** Parses elementary streams with start codes; the codec is told by the first valid parameter set. */
export class ElementaryStreamParser implements ContainerParser {
  readonly #sink: CodedSink;
  readonly #maxUnitBytes: number;
  #splitter: StartCodeSplitter | undefined;
  /** What came before the codec was known, in one piece and as it came. */
  readonly #head = new ByteQueue();
  #arrivals: { readonly bytes: Uint8Array; readonly received: Millis }[] = [];
  /** Offset of the start code of the element in progress in the head. */
  #element = 0;
  #searched = START_CODE.length;

  constructor(sink: CodedSink, options: DemuxOptions) {
    this.#sink = sink;
    this.#maxUnitBytes = options.maxUnitBytes;
  }

  push(bytes: Uint8Array, received: Millis): void {
    if (this.#splitter) {
      this.#splitter.push(bytes, received);
      return;
    }
    this.#head.append(bytes);
    this.#arrivals.push({ bytes: bytes.slice(), received });
    const codec = this.#findCodec();
    if (codec) this.#open(codec);
    else if (this.#head.length > HEAD_BYTES) this.#refuse();
  }

  end(): void {
    if (!this.#splitter) {
      const codec = codecOf(this.#elementTo(this.#head.length));
      if (codec) this.#open(codec);
      else this.#refuse();
    }
    this.#splitter?.flush();
  }

  #findCodec(): VideoCodec | undefined {
    for (;;) {
      const next = this.#head.indexOf(START_CODE, this.#searched);
      if (next < 0) {
        this.#searched = Math.max(START_CODE.length, this.#head.length - 2);
        return undefined;
      }
      const codec = codecOf(this.#elementTo(next));
      if (codec) return codec;
      this.#element = next;
      this.#searched = next + START_CODE.length;
    }
  }

  /** The element in progress without its start code. */
  #elementTo(end: number): Uint8Array {
    const element = this.#head.view(this.#element, end);
    const code = Buffer.from(element.buffer, element.byteOffset, element.length).indexOf(START_CODE);
    return code < 0 ? element.subarray(element.length) : element.subarray(code + START_CODE.length);
  }

  #open(codec: VideoCodec): void {
    this.#sink.track({ codec, isTimed: false });
    const splitter = new StartCodeSplitter(openBoundaries(codec), {
      maxUnitBytes: this.#maxUnitBytes,
      emit: (unit) => this.#sink.unit(unit),
    });
    this.#splitter = splitter;
    for (const { bytes, received } of this.#arrivals) splitter.push(bytes, received);
    this.#arrivals = [];
    this.#head.clear();
  }

  #refuse(): never {
    throw new MediaError(
      'unknown-container',
      `an elementary stream has an H.264, HEVC, MPEG-4, MPEG-2 or MPEG-1 parameter set in its first ${HEAD_BYTES} bytes, got start codes without one`,
    );
  }
}

/** The codec that an element proves by being a valid parameter set of it. */
function codecOf(element: Uint8Array): VideoCodec | undefined {
  const first = element[0] ?? 0;
  if ((first & 0x9f) === NAL_SPS && parseH264Sps(element)) return 'h264';
  if (hevcTypeOf(element) === HEVC_SPS && parseHevcSps(element)) return 'hevc';
  if (parseMpeg4Vol(element)) return 'mpeg4';
  return first === 0xb3 && parseMpeg2Sequence(element) ? 'mpeg2' : undefined;
}
