/** A publisher, a link that loses, delays, reorders and duplicates, and a receive stage, in virtual time. */
import type { Millis } from '../../client-sdk/protocol/units.ts';
import type { RtpPacketView } from '../../pipeline/rtp/rtp-packet.ts';
import type {
  RtpCodec,
  RtpFeedback,
  RtpReceiverOptions,
  RtpStatistics,
} from '../../pipeline/rtp/rtp-receiver.ts';
import type { DemuxEvent } from '../../pipeline/types.ts';
import { EventQueue } from './event-queue.ts';
import { PACKETIZERS } from './rtp-packetizer.ts';
import { PAYLOAD_TYPES, RETRANSMISSION_OFFSET, ReceiverRun } from './rtp-receiver-run.ts';
import { RtpSender } from './rtp-sender.ts';
import { seededRandom } from './seeded-random.ts';
import { type MakeUnit, openUnitMaker } from './synthetic-units.ts';

/** What a sender does at a unit beside sending it: begin its numbers, its clock, or all of itself anew. */
export type Upheaval = 'renumber' | 'restart' | 'new-ssrc';

export interface Impairment {
  /** Share of packets that are lost, either way. */
  readonly loss: number;
  readonly duplication: number;
  /** One-way delay, and the most that chance adds to it, ms. Equal delays keep the order. */
  readonly delayMs: number;
  readonly jitterMs: number;
}

export interface SimulationOptions {
  readonly seed: number;
  readonly codec: RtpCodec;
  readonly units: number;
  readonly framesPerSecond: number;
  /** Largest payload, and greatest sizes of keyframes and of other units, bytes. */
  readonly maxPayloadBytes: number;
  readonly keyframeBytes: number;
  readonly unitBytes: number;
  /** How a missing packet is sent again: by RFC 4588, as it was, or not at all. */
  readonly retransmission: 'rfc4588' | 'plain' | 'none';
  /** Whether keyframe requests are answered. */
  readonly answersRequests: boolean;
  /** Chances that a unit is preceded by an upheaval, and by a packet of padding. */
  readonly upheaval: number;
  readonly padding: number;
  /** What receives: our own stage if it is not said. */
  readonly openReceiver?: (
    callbacks: Pick<RtpReceiverOptions, 'onEvent' | 'onFeedback'>,
  ) => SimulatedReceiver;
  /** Impairment of the link at a time since the beginning. */
  readonly impairment: (sinceMs: number) => Impairment;
}

/** What a simulation needs of the receiving side, with a clock of its own. */
export interface SimulatedReceiver {
  readonly now: Millis;
  readonly statistics?: RtpStatistics | undefined;
  push(packet: RtpPacketView): void;
  /** Lets time pass. */
  pass(ms: number): void;
  end(): void;
}

/** A unit with what became of its packets. */
export interface SentUnit {
  readonly id: number;
  readonly sentMs: number;
  readonly isKeyframe: boolean;
  /** Counts what was sent since numbers, clock or sender were begun anew. */
  readonly generation: number;
  /** Arrival of the first copy of each packet since the unit was sent, ms; padding before the unit is among them. */
  readonly arrivalsMs: number[];
}

/** What the receive stage gave, in order; `id` is that of the unit with exactly these bytes, if one was sent. */
export type Given =
  | {
      readonly type: 'unit';
      readonly id: number | undefined;
      readonly isKeyframe: boolean;
      readonly atMs: number;
    }
  | { readonly type: 'loss' | 'discontinuity' | 'format'; readonly atMs: number };

export interface SimulationResult {
  readonly sent: readonly SentUnit[];
  readonly given: readonly Given[];
  /** The same as events. */
  readonly events: readonly DemuxEvent[];
  readonly packets: number;
  /** Of our own stage. */
  readonly statistics: RtpStatistics | undefined;
}

type Event =
  | { readonly type: 'frame' }
  | { readonly type: 'packet'; readonly packet: RtpPacketView; readonly arrive: (() => void) | undefined }
  | { readonly type: 'feedback'; readonly feedback: RtpFeedback };

/** Numbers this near to the old ones could be taken for them; a sender that begins anew picks them by chance. */
const NEAR_NUMBERS = 4000;

/** Runs to the end; the last second of the link is without fault, so that the end can be told. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const simulation = new Simulation(options, await openUnitMaker(options.codec));
  return simulation.run();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #makeUnit: MakeUnit;
  readonly #random: () => number;
  readonly #queue = new EventQueue<Event>();
  readonly #events: DemuxEvent[] = [];
  readonly #run: SimulatedReceiver;
  readonly #beginMs: number;
  readonly #sent: SentUnit[] = [];
  readonly #ids = new Map<string, number>();
  readonly #given: Given[] = [];
  /** Arrival marks of the packets that may be sent again, by their number. */
  readonly #marks = new Map<number, () => void>();
  #sender: RtpSender;
  #sequenceNumber: number;
  #generation = 0;
  #wantsKeyframe = true;
  #packets = 0;

  constructor(options: SimulationOptions, makeUnit: MakeUnit) {
    this.#options = options;
    this.#makeUnit = makeUnit;
    this.#random = seededRandom(options.seed);
    const open = options.openReceiver ?? ((callbacks) => new ReceiverRun(callbacks));
    this.#run = open({
      onEvent: (event) => this.#note(event),
      onFeedback: (feedback) => {
        if (!this.#isLost())
          this.#queue.push(this.#run.now + this.#delayMs(), { type: 'feedback', feedback });
      },
    });
    this.#beginMs = this.#run.now;
    this.#sequenceNumber = 65_536 - this.#below(200);
    this.#sender = this.#open({ ssrc: 1, timestamp: 2 ** 32 - this.#below(2 ** 20) });
  }

  run(): SimulationResult {
    this.#queue.push(this.#beginMs, { type: 'frame' });
    for (let next = this.#queue.nextMs; Number.isFinite(next); next = this.#queue.nextMs) {
      this.#run.pass(Math.max(0, next - this.#run.now));
      // What passing time made the stage send may be due before.
      if (this.#queue.nextMs <= this.#run.now) this.#handle(this.#queue.pop()!);
    }
    this.#run.pass(1000);
    this.#run.end();
    return {
      sent: this.#sent,
      given: this.#given,
      events: this.#events,
      packets: this.#packets,
      statistics: this.#run.statistics,
    };
  }

  get #sinceMs(): number {
    return this.#run.now - this.#beginMs;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #handle(event: Event): void {
    if (event.type === 'frame') this.#sendFrame();
    else if (event.type === 'feedback') this.#answer(event.feedback);
    else {
      event.arrive?.();
      this.#run.push(event.packet);
    }
  }

  #sendFrame(): void {
    const { codec, units, framesPerSecond, maxPayloadBytes, keyframeBytes, unitBytes } = this.#options;
    const id = this.#sent.length;
    if (id > 0 && this.#random() < this.#options.upheaval && !this.#isCalm) this.#upheave();
    const isKeyframe = this.#wantsKeyframe;
    this.#wantsKeyframe = false;
    const sizeBytes = 10 + this.#below(isKeyframe ? keyframeBytes : unitBytes);
    const { data } = this.#makeUnit({ id, isKeyframe, sizeBytes });
    this.#ids.set(Buffer.from(data).toString('latin1'), id);
    const payloads = PACKETIZERS[codec](data, { maxPayloadBytes, pictureId: id, isKeyframe });
    const sent: SentUnit = {
      id,
      sentMs: this.#run.now,
      isKeyframe,
      generation: this.#generation,
      arrivalsMs: [],
    };
    this.#sent.push(sent);
    if (this.#random() < this.#options.padding) this.#send(this.#sender.padding(), sent);
    const ticks = Math.round(90_000 / framesPerSecond);
    for (const packet of this.#sender.packetsOf(payloads, ticks)) this.#send(packet, sent);
    if (this.#sent.length < units)
      this.#queue.push(this.#run.now + 1000 / framesPerSecond, { type: 'frame' });
  }

  #send(packet: RtpPacketView, unit: SentUnit): void {
    this.#packets += 1;
    this.#sequenceNumber = (packet.sequenceNumber + 1) % 65_536;
    const index = unit.arrivalsMs.push(Number.POSITIVE_INFINITY) - 1;
    const arrive = (): void => {
      const sinceMs = this.#run.now - unit.sentMs;
      unit.arrivalsMs[index] = Math.min(unit.arrivalsMs[index]!, sinceMs);
    };
    this.#marks.set(packet.sequenceNumber, arrive);
    this.#transmit(packet, arrive);
    const { duplication } = this.#options.impairment(this.#sinceMs);
    if (!this.#isCalm && this.#random() < duplication) this.#transmit(packet, arrive);
  }

  #transmit(packet: RtpPacketView, arrive: (() => void) | undefined): void {
    if (!this.#isLost())
      this.#queue.push(this.#run.now + this.#delayMs(), { type: 'packet', packet, arrive });
  }

  #answer(feedback: RtpFeedback): void {
    if (feedback.type === 'pli' || feedback.type === 'fir') {
      this.#wantsKeyframe ||= this.#options.answersRequests;
    } else if (feedback.type === 'nack' && feedback.ssrc === this.#sender.ssrc) {
      for (const number of feedback.sequenceNumbers) this.#sendAgain(number);
    }
  }

  #sendAgain(number: number): void {
    const { codec, retransmission } = this.#options;
    const as = {
      ssrc: this.#sender.ssrc + 1_000_000,
      payloadType: PAYLOAD_TYPES[codec] + RETRANSMISSION_OFFSET,
    };
    const packet =
      retransmission === 'rfc4588' ? this.#sender.retransmit(number, as) : this.#sender.repeat(number);
    if (packet && retransmission !== 'none') this.#transmit(packet, this.#marks.get(number));
  }

  /** Begins numbers, clock or sender anew; a sender that does so sends a keyframe, which nothing asks for. */
  #upheave(): void {
    const kind = (['renumber', 'restart', 'new-ssrc'] as const)[this.#below(3)]!;
    const before = this.#sequenceNumber;
    do this.#sequenceNumber = this.#below(65_536);
    while ((this.#sequenceNumber - before + NEAR_NUMBERS + 65_536) % 65_536 < 2 * NEAR_NUMBERS);
    this.#generation += 1;
    this.#wantsKeyframe = true;
    this.#marks.clear();
    this.#sender = this.#open({
      ssrc: this.#sender.ssrc + (kind === 'new-ssrc' ? 1 : 0),
      timestamp: kind === 'renumber' ? this.#sender.timestamp : this.#below(2 ** 32),
    });
  }

  #open({ ssrc, timestamp }: { ssrc: number; timestamp: number }): RtpSender {
    const payloadType = PAYLOAD_TYPES[this.#options.codec];
    return new RtpSender({ ssrc, payloadType, sequenceNumber: this.#sequenceNumber, timestamp });
  }

  /** The last second. */
  get #isCalm(): boolean {
    return this.#sent.length > this.#options.units - this.#options.framesPerSecond;
  }

  #isLost(): boolean {
    return !this.#isCalm && this.#random() < this.#options.impairment(this.#sinceMs).loss;
  }

  #delayMs(): number {
    const { delayMs, jitterMs } = this.#options.impairment(this.#sinceMs);
    return delayMs + (this.#isCalm ? 0 : this.#random() * jitterMs);
  }

  #note(event: DemuxEvent): void {
    const atMs = this.#sinceMs;
    this.#events.push(event);
    if (event.type !== 'unit') this.#given.push({ type: event.type, atMs });
    else {
      const { data, isKeyframe } = event.unit;
      const id = this.#ids.get(Buffer.from(data).toString('latin1'));
      this.#given.push({ type: 'unit', id, isKeyframe, atMs });
    }
  }
}
