import { type Millis, millis } from '../../client-sdk/protocol/units.ts';
import { MediaError } from '../errors.ts';
import { ByteQueue } from './byte-queue.ts';
import type { CodedSink, ContainerParser } from './coded-unit.ts';
import type { DemuxOptions } from './demuxer.ts';
import { type BoxHeader, MAX_BOX_HEADER_BYTES, parseBoxHeader } from './mp4-boxes.ts';
import { type Mp4Sample, samplesOfFragment, samplesOfTable } from './mp4-samples.ts';
import { chooseMp4Track, type Mp4Track } from './mp4-track.ts';

/** A day of 60 pictures a second needs about 60 MiB of tables. */
const MAX_INDEX_BYTES = 64 << 20;
const MAX_FRAGMENT_BYTES = 4 << 20;
const FRAGMENT_TYPE = Uint8Array.from('moof', (letter) => letter.charCodeAt(0));

/**
 * Parses MP4 (ISO/IEC 14496-12) with its index in front, and fragmented MP4, sample by sample as the bytes come. Edit
 * lists are not applied: time begins with the first picture anyway.
 */
export class Mp4Parser implements ContainerParser {
  readonly #sink: CodedSink;
  readonly #maxUnitBytes: number;
  readonly #queue = new ByteQueue();
  /** Offset in the input of the queue's first byte. */
  #offset = 0;
  /** Where the box in progress ends, while its payload is passed through. */
  #boxEnd = 0;
  /** Whether the next fragment is being looked for. */
  #isLost = false;
  #track: Mp4Track | undefined;
  #samples: Iterator<Mp4Sample> | undefined;
  #sample: Mp4Sample | undefined;
  readonly #cursor = { nextDtsTicks: 0 };
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
    if (!this.#track)
      throw new MediaError('damaged-media', 'an MP4 needs its index (moov), got an end before it');
    if (this.#sample || (this.#queue.length > 0 && !this.#isLost)) this.#sink.lose(1);
  }

  /** Takes one step; gives whether another may follow. */
  #advance(): boolean {
    if (this.#isLost) return this.#search();
    if (this.#offset < this.#boxEnd)
      return this.#sample ? this.#takeSample(this.#sample) : this.#skipTo(this.#boxEnd);
    const header = parseBoxHeader(this.#queue.view(0, MAX_BOX_HEADER_BYTES));
    if (header === 'short') return false;
    if (header === 'invalid') return this.#damage();
    return this.#enter(header);
  }

  #enter(header: BoxHeader): boolean {
    const { type, headerBytes, payloadBytes } = header;
    if (type === 'moov' || type === 'moof') {
      const limit = type === 'moov' ? MAX_INDEX_BYTES : MAX_FRAGMENT_BYTES;
      if (payloadBytes === undefined || payloadBytes > limit) refuseTable(type, limit, payloadBytes);
      if (this.#queue.length < headerBytes + payloadBytes) return false;
      const payload = this.#queue.view(headerBytes, headerBytes + payloadBytes).slice();
      if (type === 'moov') this.#takeIndex(payload);
      else this.#takeFragment(payload);
      this.#consume(headerBytes + payloadBytes);
      return true;
    }
    if (type === 'mdat' && !this.#track)
      throw new MediaError(
        'index-at-end',
        'an MP4 must have its index (moov) before its media (mdat), got the media first; ffmpeg -movflags +faststart or +frag_keyframe+empty_moov puts it in front',
      );
    this.#boxEnd = this.#offset + headerBytes + (payloadBytes ?? Number.POSITIVE_INFINITY);
    this.#consume(headerBytes);
    return true;
  }

  #takeIndex(moov: Uint8Array): void {
    this.#track = chooseMp4Track(moov);
    this.#sink.track(this.#track.coded);
    this.#samples = samplesOfTable(this.#track.sampleTable);
    this.#next();
  }

  #takeFragment(moof: Uint8Array): void {
    if (!this.#track)
      throw new MediaError('damaged-media', 'a fragmented MP4 must begin with its moov, got a moof first');
    if (this.#sample) this.#sink.lose(1);
    this.#samples = samplesOfFragment(moof, this.#offset, this.#track, this.#cursor);
    this.#next();
  }

  #next(): void {
    const next = this.#samples?.next();
    this.#sample = next?.done === false ? next.value : undefined;
  }

  #takeSample(sample: Mp4Sample): boolean {
    const end = sample.offset + sample.sizeBytes;
    if (sample.offset >= this.#boxEnd) return this.#skipTo(this.#boxEnd);
    if (sample.sizeBytes > this.#maxUnitBytes)
      throw new MediaError(
        'unit-too-large',
        `an access unit is at most ${this.#maxUnitBytes} bytes, got ${sample.sizeBytes}`,
      );
    if (sample.offset < this.#offset || end > this.#boxEnd || sample.sizeBytes === 0) {
      // A table that contradicts the bytes says nothing reliable of the samples that follow either.
      this.#sink.lose(1);
      this.#sample = undefined;
      return true;
    }
    if (this.#offset < sample.offset) return this.#skipTo(sample.offset);
    if (this.#queue.length < sample.sizeBytes) return false;
    this.#emit(sample);
    this.#next();
    return true;
  }

  #emit(sample: Mp4Sample): void {
    const microsPerTick = 1e6 / (this.#track?.timescale ?? 1);
    this.#offset += sample.sizeBytes;
    this.#sink.unit({
      data: this.#queue.take(sample.sizeBytes),
      received: this.#received,
      ptsMicros: sample.ptsTicks * microsPerTick,
      dtsMicros: sample.dtsTicks * microsPerTick,
      isMarkedKeyframe: sample.isSync,
    });
  }

  #consume(count: number): void {
    this.#queue.consume(count);
    this.#offset += count;
  }

  /** Drops what lies before an offset of the input; gives whether it has been reached. */
  #skipTo(offset: number): boolean {
    this.#consume(Math.min(this.#queue.length, offset - this.#offset));
    return this.#offset === offset;
  }

  #damage(): boolean {
    if (!this.#track)
      throw new MediaError('damaged-media', `an MP4 is made of boxes, got none at byte ${this.#offset}`);
    this.#sink.lose(1);
    this.#sample = undefined;
    this.#isLost = true;
    return true;
  }

  /** Looks for the next fragment. */
  #search(): boolean {
    const at = this.#queue.indexOf(FRAGMENT_TYPE, 4);
    const keep = FRAGMENT_TYPE.length + 3;
    this.#consume(at < 0 ? Math.max(0, this.#queue.length - keep) : at - 4);
    this.#isLost = at < 0;
    return at >= 0;
  }
}

function refuseTable(type: string, limit: number, payloadBytes: number | undefined): never {
  throw new MediaError(
    'damaged-media',
    `a ${type} box is at most ${limit} bytes, got ${payloadBytes ?? 'one without an end'}`,
  );
}
