import { type Millis, millis } from '../../client-sdk/protocol/units.ts';
import { MediaError } from '../errors.ts';
import { ByteQueue } from './byte-queue.ts';
import type { CodedSink, ContainerParser } from './coded-unit.ts';
import type { DemuxOptions } from './demuxer.ts';
import {
  childrenOf,
  type EbmlElement,
  type EbmlHeader,
  MAX_EBML_HEADER_BYTES,
  parseEbmlHeader,
  parseVint,
  toUnsigned,
} from './ebml.ts';
import { chooseTrack, type MatroskaTrack } from './matroska-tracks.ts';

/** Element ids, RFC 9559 section 5. */
const ID = {
  ebml: 0x1a45dfa3,
  docType: 0x4282,
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  tracks: 0x1654ae6b,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
  reference: 0xfb,
} as const;
const CLUSTER_ID = Uint8Array.of(0x1f, 0x43, 0xb6, 0x75);
/** Elements that are passed over: Void, CRC-32, SeekHead, Cues, Chapters, Tags, Attachments, and a cluster's Position, PrevSize, SilentTracks and EncryptedBlock. */
const PASSED_OVER = new Set([
  0xec, 0xbf, 0x114d9b74, 0x1c53bb6b, 0x1043a770, 0x1254c367, 0x1941a469, 0xa7, 0xab, 0x5854, 0xaf,
]);
/** Elements beyond this are taken for damage, not passed over. */
const MAX_SKIP_BYTES = 1 << 28;
const MAX_TABLE_BYTES = 1 << 20;
/** Bytes that a block group may hold beside its block. */
const GROUP_OVERHEAD_BYTES = 1 << 16;
const BLOCK_HEADER_BYTES = 16;
const DEFAULT_SCALE_NANOS = 1_000_000;
const LACING = 0x06;
const KEYFRAME = 0x80;

/**
 * Parses Matroska and WebM (RFC 9559) block by block, also with segments and clusters of unknown size. Masters above the
 * block are entered, not measured, so that their ends need no tracking. After damage it goes on at the next cluster.
 */
export class MatroskaParser implements ContainerParser {
  readonly #sink: CodedSink;
  readonly #maxUnitBytes: number;
  readonly #queue = new ByteQueue();
  /** Bytes to pass over. */
  #skip = 0;
  /** Whether the next cluster is being looked for. */
  #isLost = false;
  #track: MatroskaTrack | undefined;
  #scaleNanos = DEFAULT_SCALE_NANOS;
  #clusterTime: number | undefined;
  #received = millis(0);

  constructor(sink: CodedSink, options: DemuxOptions) {
    this.#sink = sink;
    this.#maxUnitBytes = options.maxUnitBytes;
  }

  push(bytes: Uint8Array, received: Millis): void {
    this.#received = received;
    this.#queue.append(bytes);
    while (this.#advance());
  }

  end(): void {
    if (!this.#track) throw new MediaError('no-video', 'a Matroska file needs a track list, got none');
    if (this.#queue.length > 0 && !this.#isLost) this.#sink.lose(1);
  }

  /** Takes one step; gives whether another may follow. */
  #advance(): boolean {
    const skipped = Math.min(this.#skip, this.#queue.length);
    this.#queue.consume(skipped);
    this.#skip -= skipped;
    if (this.#skip > 0 || this.#queue.length === 0) return false;
    if (this.#isLost) return this.#search();
    const header = parseEbmlHeader(this.#queue.view(0, MAX_EBML_HEADER_BYTES));
    if (header === 'short') return false;
    if (header === 'invalid') return this.#damage();
    return this.#enter(header);
  }

  #enter(header: EbmlHeader): boolean {
    const { id, headerBytes, dataBytes } = header;
    if (id === ID.segment || id === ID.cluster) {
      if (id === ID.cluster) this.#clusterTime = undefined;
      this.#queue.consume(headerBytes);
      return true;
    }
    if (dataBytes === undefined) return this.#damage();
    if (PASSED_OVER.has(id) || this.#isForeignBlock(header))
      return dataBytes <= MAX_SKIP_BYTES ? this.#pass(headerBytes + dataBytes) : this.#damage();
    const limit = this.#limitOf(id);
    if (limit === undefined) return this.#damage();
    if (dataBytes > limit) return this.#refuse(id, dataBytes);
    if (this.#queue.length < headerBytes + dataBytes) return false;
    const data = this.#queue.view(headerBytes, headerBytes + dataBytes);
    this.#take({ id, data });
    return this.#pass(headerBytes + dataBytes);
  }

  #pass(bytes: number): true {
    this.#skip += bytes;
    return true;
  }

  /** Most data of an element that is read as a whole; `undefined` for an element that is not known. */
  #limitOf(id: number): number | undefined {
    switch (id) {
      case ID.ebml:
      case ID.info:
      case ID.tracks:
        return MAX_TABLE_BYTES;
      case ID.timestamp:
        return 8;
      case ID.simpleBlock:
        return this.#maxUnitBytes + BLOCK_HEADER_BYTES;
      case ID.blockGroup:
        return this.#maxUnitBytes + GROUP_OVERHEAD_BYTES;
      default:
        return undefined;
    }
  }

  /** Whether an element is a simple block of another track, which need not be waited for. */
  #isForeignBlock(header: EbmlHeader): boolean {
    if (header.id !== ID.simpleBlock) return false;
    const number = parseVint(this.#queue.view(header.headerBytes, header.headerBytes + 8));
    return number !== undefined && number.value !== this.#track?.number;
  }

  #take(element: EbmlElement): void {
    switch (element.id) {
      case ID.ebml:
        requireDocType(element.data);
        return;
      case ID.info:
        this.#scaleNanos = timestampScaleOf(element.data);
        return;
      case ID.tracks:
        this.#track = chooseTrack(element.data);
        this.#sink.track(this.#track.coded);
        return;
      case ID.timestamp:
        this.#clusterTime = toUnsigned(element.data);
        return;
      case ID.simpleBlock:
        this.#takeBlock(element.data, undefined);
        return;
      case ID.blockGroup:
        this.#takeGroup(childrenOf(element.data));
        return;
    }
  }

  #takeGroup(fields: readonly EbmlElement[]): void {
    const block = fields.find((field) => field.id === ID.block);
    const isKeyframe = !fields.some((field) => field.id === ID.reference);
    if (block) this.#takeBlock(block.data, isKeyframe);
    else this.#sink.lose(1);
  }

  /** A block (RFC 9559 10.1 and 10.2): track, time, flags, one frame. */
  #takeBlock(block: Uint8Array, isKeyframe: boolean | undefined): void {
    const number = parseVint(block);
    const track = this.#track;
    if (!track || (number && number.value !== track.number)) return;
    const at = number?.bytes ?? 0;
    const flags = block[at + 2] ?? 0;
    if (!number || block.length <= at + 3 || this.#clusterTime === undefined) {
      this.#sink.lose(1);
      return;
    }
    if ((flags & LACING) !== 0)
      throw new MediaError(
        'unsupported-codec',
        'a Matroska block holds one picture, got a laced video block',
      );
    const offset = (((block[at] ?? 0) << 24) >> 16) | (block[at + 1] ?? 0);
    const data = joined(track.prefix, block.subarray(at + 3));
    if (data.length > this.#maxUnitBytes) this.#refuse(ID.simpleBlock, data.length);
    this.#sink.unit({
      data,
      received: this.#received,
      ptsMicros: ((this.#clusterTime + offset) * this.#scaleNanos) / 1000,
      isMarkedKeyframe: isKeyframe ?? (flags & KEYFRAME) !== 0,
    });
  }

  #refuse(id: number, sizeBytes: number): never {
    if (id === ID.simpleBlock || id === ID.blockGroup)
      throw new MediaError(
        'unit-too-large',
        `an access unit is at most ${this.#maxUnitBytes} bytes, got ${sizeBytes}`,
      );
    throw new MediaError(
      'damaged-media',
      `a Matroska table is at most ${MAX_TABLE_BYTES} bytes, got ${sizeBytes}`,
    );
  }

  #damage(): true {
    this.#sink.lose(1);
    this.#isLost = true;
    this.#queue.consume(1);
    return true;
  }

  /** Looks for the next cluster. */
  #search(): boolean {
    const at = this.#queue.indexOf(CLUSTER_ID, 0);
    this.#queue.consume(at < 0 ? Math.max(0, this.#queue.length - CLUSTER_ID.length + 1) : at);
    this.#isLost = at < 0;
    return at >= 0;
  }
}

function requireDocType(header: Uint8Array): void {
  const docType = childrenOf(header).find((field) => field.id === ID.docType)?.data;
  const name = docType && String.fromCharCode(...docType.subarray(0, 16)).replace(/[^\x20-\x7e]+/g, '');
  if (name === undefined || name === 'matroska' || name === 'webm') return;
  throw new MediaError(
    'unknown-container',
    `EBML is taken with the document type matroska or webm, got ${JSON.stringify(name)}`,
  );
}

function timestampScaleOf(info: Uint8Array): number {
  const field = childrenOf(info).find((child) => child.id === ID.timestampScale);
  return (field && toUnsigned(field.data.subarray(0, 8))) || DEFAULT_SCALE_NANOS;
}

function joined(prefix: Uint8Array, rest: Uint8Array): Uint8Array {
  const whole = new Uint8Array(prefix.length + rest.length);
  whole.set(prefix);
  whole.set(rest, prefix.length);
  return whole;
}
