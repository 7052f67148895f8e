import type { Millis } from '../../client-sdk/protocol/units.ts';
import type { VideoCodec } from '../types.ts';
import type { CodedSink } from './coded-unit.ts';
import { openBoundaries } from './open-bitstream-reader.ts';
import { MAX_PES_HEADER_BYTES, type PesHeader, parsePesHeader, unwrapTimestamp } from './pes-header.ts';
import { StartCodeSplitter } from './start-code-splitter.ts';
import type { TsPacket } from './ts-packet.ts';

const MICROS_PER_TICK = 1e6 / 90_000;
/** PES packets at least this long may have been cut by their 16-bit length field and go on in the next. */
const CUT_PES_BYTES = 60_000;
/** PES packets of unstated length whose last TS packet alone was stuffed, after which stuffing is taken for an end. */
const STUFFING_PROOF = 8;

/**
 * Puts the PES packets of one PID together and cuts their payload into units. A unit is given when the next one begins,
 * or at the end of its PES packet, as long as packets and units were seen to begin together: a picture's duration earlier.
 * The end is where a stated length says, or at stuffing, where a multiplexer was seen to stuff nowhere else.
 * What a hole in the continuity counter touches is dropped and reported.
 */
export class PesSplitter {
  readonly #sink: CodedSink;
  readonly #splitter: StartCodeSplitter;
  #hasUnits = false;
  #continuity: number | undefined;
  /** Payload of the last packet, to know a repetition by. */
  #lastPayload: Uint8Array = new Uint8Array(0);
  /** Bytes of a header that is not yet whole. */
  #header: Uint8Array | undefined;
  /** Where the stream stands: outside a packet (after damage, before the first), or inside one. */
  #isInside = false;
  /** Payload still to come of the packet in progress, where its length is stated. */
  #remaining: number | undefined;
  /** Whether units and PES packets begin together, as far as seen. */
  #isAligned = true;
  /** Whether the end of the packet in progress may be taken for the end of its unit, and whether the last one was. */
  #mayEndEarly = false;
  #endedEarly = false;
  /** PES packets that ended in stuffing, as far as seen; below 0 once one went on after it. */
  #stuffedEnds = 0;
  /** Whether the last TS packet of the PES packet in progress was stuffed. */
  #isStuffed = false;
  /** Whether damage has been reported since the last packet that began well. */
  #isBroken = false;
  /** Last decoding time, 90 kHz, unwrapped; last presentation time as it was written. */
  #lastDts: number | undefined;
  #lastPts: number | undefined;

  constructor(sink: CodedSink, options: { codec: VideoCodec; maxUnitBytes: number }) {
    this.#sink = sink;
    this.#splitter = new StartCodeSplitter(openBoundaries(options.codec), {
      maxUnitBytes: options.maxUnitBytes,
      emit: (unit) => {
        this.#hasUnits = true;
        sink.unit(unit);
      },
    });
  }

  /** Whether a unit has been given. */
  get hasUnits(): boolean {
    return this.#hasUnits;
  }

  /** Takes a packet of the PID. */
  push(packet: TsPacket, received: Millis): void {
    const { payload } = packet;
    if (!payload) {
      if (packet.hasDiscontinuity) this.#continuity = undefined;
      return;
    }
    const step = this.#stepTo(packet, payload);
    if (step === 'repeated') return;
    if (step === 'broken') this.damage();
    this.#continuity = packet.continuity;
    this.#lastPayload = payload.slice();
    this.#followStuffing(packet);
    if (packet.isUnitStart) this.#begin();
    if (this.#header) this.#takeHeader(payload, received);
    else if (this.#isInside) this.#takePayload(payload, received);
  }

  /** Bytes are missing here: drops what they touch and goes on at the next PES packet. */
  damage(): void {
    this.#leave();
    this.#isStuffed = false;
    this.#splitter.reset();
    if (!this.#isBroken) this.#sink.lose(1);
    this.#isBroken = true;
  }

  /** No packet follows: gives the unit in progress. */
  end(): void {
    if (this.#remaining !== undefined && this.#remaining > 0) this.damage();
    else this.#splitter.flush();
    this.#leave();
  }

  #leave(): void {
    this.#isInside = false;
    this.#header = undefined;
    this.#remaining = undefined;
    this.#endedEarly = false;
  }

  /** Learns whether stuffing means the end of a PES packet: a multiplexer may also stuff to keep its rate. */
  #followStuffing(packet: TsPacket): void {
    const wasStuffed = this.#isStuffed;
    this.#isStuffed = packet.isStuffed;
    if (!wasStuffed) return;
    if (packet.isUnitStart) {
      this.#stuffedEnds += 1;
      return;
    }
    this.#stuffedEnds = Number.NEGATIVE_INFINITY;
    // The rest of what was taken for ended.
    if (!this.#isInside && !this.#header && this.#remaining === undefined) this.damage();
  }

  /** Compares a packet's continuity counter with the last (ISO/IEC 13818-1 2.4.3.3). */
  #stepTo(packet: TsPacket, payload: Uint8Array): 'next' | 'repeated' | 'broken' {
    if (this.#continuity === undefined || packet.hasDiscontinuity) return 'next';
    if (packet.continuity === ((this.#continuity + 1) & 15)) return 'next';
    const isSame = packet.continuity === this.#continuity && Buffer.compare(payload, this.#lastPayload) === 0;
    return isSame ? 'repeated' : 'broken';
  }

  #begin(): void {
    // Bytes that the packet in progress promised did not come.
    if (this.#remaining !== undefined && this.#remaining > 0) this.damage();
    const endedEarly = this.#endedEarly;
    this.#leave();
    this.#endedEarly = endedEarly;
    this.#header = new Uint8Array(0);
  }

  #takeHeader(payload: Uint8Array, received: Millis): void {
    const bytes = this.#header?.length ? Buffer.concat([this.#header, payload]) : payload;
    const header = parsePesHeader(bytes);
    if (header === 'short' && bytes.length < MAX_PES_HEADER_BYTES) {
      this.#header = bytes.slice();
      return;
    }
    if (typeof header === 'string' || header.isScrambled) {
      this.damage();
      return;
    }
    this.#header = undefined;
    this.#isInside = true;
    this.#isBroken = false;
    const rest = bytes.subarray(header.headerBytes);
    this.#enter(header, rest);
    this.#takePayload(rest, received);
  }

  #enter(header: PesHeader, payload: Uint8Array): void {
    const isContinuation = header.pts === undefined || header.pts === this.#lastPts;
    if (isContinuation || !beginsWithStartCode(payload)) {
      this.#isAligned = false;
      if (this.#endedEarly) this.#sink.lose(1);
    }
    this.#endedEarly = false;
    this.#remaining = header.payloadBytes;
    this.#mayEndEarly = (header.payloadBytes ?? 0) < CUT_PES_BYTES;
    if (header.pts !== undefined && header.dts !== undefined) this.#mark(header.pts, header.dts);
  }

  #mark(pts: number, dts: number): void {
    const dtsTicks = unwrapTimestamp(dts, this.#lastDts ?? dts);
    const ptsTicks = unwrapTimestamp(pts, dtsTicks);
    this.#lastDts = dtsTicks;
    this.#lastPts = pts;
    this.#splitter.mark({ ptsMicros: ptsTicks * MICROS_PER_TICK, dtsMicros: dtsTicks * MICROS_PER_TICK });
  }

  #takePayload(payload: Uint8Array, received: Millis): void {
    const bytes = this.#remaining === undefined ? payload : payload.subarray(0, this.#remaining);
    this.#splitter.push(bytes, received);
    if (!this.#hasEnded(bytes)) return;
    this.#isInside = false;
    if (this.#isAligned && this.#mayEndEarly) this.#endedEarly = this.#splitter.flush();
  }

  /** Whether the PES packet in progress ends with these bytes of its payload, as far as can be told. */
  #hasEnded(bytes: Uint8Array): boolean {
    if (this.#remaining === undefined)
      return this.#isAligned && this.#isStuffed && this.#stuffedEnds >= STUFFING_PROOF;
    this.#remaining -= bytes.length;
    return this.#remaining <= 0;
  }
}

/** Whether a payload, as far as it goes, begins with a start code. */
function beginsWithStartCode(payload: Uint8Array): boolean {
  const zeros = payload.findIndex((byte) => byte !== 0);
  return zeros < 0 || (zeros >= 2 && payload[zeros] === 1);
}
