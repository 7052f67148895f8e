import { type Millis, millis } from '../../client-sdk/protocol/units.ts';
import { MediaError } from '../errors.ts';
import type { CodedSink, ContainerParser } from './coded-unit.ts';
import type { DemuxOptions } from './demuxer.ts';
import { PesSplitter } from './pes-splitter.ts';
import { TsFramer } from './ts-framer.ts';
import { parseTsPacket, type TsPacket } from './ts-packet.ts';
import { TsPrograms, type VideoStream } from './ts-programs.ts';

/** Scrambled video packets, before any unit, that prove the video scrambled and not damaged. */
const SCRAMBLED_PROOF = 64;

/** Parses MPEG transport streams (ISO/IEC 13818-1): resynchronizes after garbage and reports what is missing. */
export class MpegTsParser implements ContainerParser {
  readonly #framer: TsFramer;
  readonly #programs = new TsPrograms();
  readonly #sink: CodedSink;
  readonly #maxUnitBytes: number;
  #video: (VideoStream & { readonly pes: PesSplitter }) | undefined;
  #received = millis(0);
  #scrambled = 0;

  constructor(sink: CodedSink, options: DemuxOptions) {
    this.#sink = sink;
    this.#maxUnitBytes = options.maxUnitBytes;
    this.#framer = new TsFramer({
      packet: (packet) => this.#take(parseTsPacket(packet)),
      garbage: () => this.#video?.pes.damage(),
    });
  }

  push(bytes: Uint8Array, received: Millis): void {
    this.#received = received;
    this.#framer.push(bytes);
  }

  end(): void {
    this.#framer.end();
    this.#video?.pes.end();
    if (this.#video === undefined)
      throw new MediaError('no-video', 'an MPEG-TS needs a program map that names a video stream, got none');
    if (!this.#video.pes.hasUnits && this.#scrambled > 0) refuseScrambled();
  }

  #take(packet: TsPacket): void {
    // A packet marked as damaged may carry any PID; the continuity counter shows the hole that it leaves.
    if (packet.isDamaged) return;
    if (packet.pid === this.#video?.pid) this.#takeVideo(packet, this.#video.pes);
    else if (this.#programs.has(packet.pid) && this.#programs.push(packet)) this.#follow();
  }

  #takeVideo(packet: TsPacket, pes: PesSplitter): void {
    if (!packet.isScrambled) {
      pes.push(packet, this.#received);
      return;
    }
    this.#scrambled += 1;
    if (this.#scrambled >= SCRAMBLED_PROOF && !pes.hasUnits) refuseScrambled();
  }

  #follow(): void {
    const video = this.#programs.choose(this.#video);
    if (!video && !this.#video) this.#programs.requireVideo();
    if (!video) return;
    if (video.pid === this.#video?.pid && video.codec === this.#video.codec) return;
    this.#video?.pes.end();
    this.#sink.track({ codec: video.codec, isTimed: true });
    const pes = new PesSplitter(this.#sink, { codec: video.codec, maxUnitBytes: this.#maxUnitBytes });
    this.#video = { ...video, pes };
  }
}

function refuseScrambled(): never {
  throw new MediaError('unsupported-codec', 'MPEG-TS video must be in the clear, got scrambled packets');
}
