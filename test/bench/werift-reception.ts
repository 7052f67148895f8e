/** What werift offers for receiving, in virtual time: its NACK handler, jitter buffer and depacketizer in a row. */
import { RtpHeader, RtpPacket } from 'werift';
import { DepacketizeBase, JitterBufferBase, NackHandlerBase } from 'werift/nonstandard';
import { type Millis, micros, millis } from '../../client-sdk/protocol/units.ts';
import type { RtpPacketView } from '../../pipeline/rtp/rtp-packet.ts';
import type { RtpReceiverOptions } from '../../pipeline/rtp/rtp-receiver.ts';
import { RETRANSMISSION_OFFSET } from '../support/rtp-receiver-run.ts';
import type { SimulatedReceiver } from '../support/rtp-simulation.ts';

/** Its own rhythm of requests. */
const NACK_INTERVAL_MS = 5;
/** It asks for no keyframe by itself after a loss, so servers on it ask at an interval. */
const PLI_INTERVAL_MS = 2000;

interface Bell {
  sendNack(): Promise<unknown>;
  stop(): void;
}

export class WeriftReception implements SimulatedReceiver {
  readonly #options: Pick<RtpReceiverOptions, 'onEvent' | 'onFeedback'>;
  readonly #nacks: Pick<NackHandlerBase, 'processInput'> & Bell;
  readonly #buffer = new JitterBufferBase(90_000);
  readonly #depacketizer = new DepacketizeBase('MPEG4/ISO/AVC', {
    isFinalPacketInSequence: (header) => header.marker,
    waitForKeyframe: true,
  });
  #nowMs = 1_700_000_000_000;
  #nextPliMs = 0;
  #ssrc: number | undefined;
  #units = 0;

  constructor(options: Pick<RtpReceiverOptions, 'onEvent' | 'onFeedback'>) {
    this.#options = options;
    const handler = new NackHandlerBase(1, async ({ feedback }) => {
      if ('lost' in feedback)
        options.onFeedback({ type: 'nack', ssrc: this.#ssrc ?? 0, sequenceNumbers: [...feedback.lost] });
    });
    // Its timer is of real time; here it is rung by hand, for which its private parts are needed.
    Object.assign(handler, { clearNackInterval: () => undefined });
    this.#nacks = handler as unknown as Pick<NackHandlerBase, 'processInput'> & Bell;
    this.#depacketizer.onNeedKeyFrame.subscribe(() => this.#ask());
  }

  get now(): Millis {
    return millis(this.#nowMs);
  }

  push(view: RtpPacketView): void {
    const rtp = toWerift(view, this.#ssrc);
    if (!rtp) return;
    this.#ssrc ??= view.ssrc;
    this.#nacks.processInput({ rtp });
    for (const output of this.#buffer.processInput({ rtp })) {
      if (output.isPacketLost) this.#options.onEvent({ type: 'loss', dropped: 1 });
      for (const { frame } of output.rtp ? this.#depacketizer.processInput({ rtp: output.rtp }) : [])
        if (frame) this.#give(frame);
    }
  }

  pass(ms: number): void {
    const endMs = this.#nowMs + ms;
    while (this.#nowMs < endMs) {
      this.#nowMs = Math.min(endMs, this.#nowMs + NACK_INTERVAL_MS - (this.#nowMs % NACK_INTERVAL_MS));
      if (this.#nowMs % NACK_INTERVAL_MS === 0) void this.#nacks.sendNack();
      if (this.#nowMs >= this.#nextPliMs) this.#ask();
    }
  }

  end(): void {
    this.#nacks.stop();
  }

  #ask(): void {
    if (this.#ssrc === undefined) return;
    this.#nextPliMs = this.#nowMs + PLI_INTERVAL_MS;
    this.#options.onFeedback({ type: 'pli', ssrc: this.#ssrc });
  }

  #give({ data, isKeyframe }: { data: Buffer; isKeyframe: boolean }): void {
    const unit = { index: this.#units, data, pts: micros(this.#units), isKeyframe, received: this.now };
    this.#units += 1;
    this.#options.onEvent({ type: 'unit', unit });
  }
}

/** The packet, or the one that it carries again, as its receiver unwraps it. */
function toWerift(view: RtpPacketView, ssrc: number | undefined): RtpPacket | undefined {
  const isRetransmission = ssrc !== undefined && view.ssrc !== ssrc;
  const payload = Buffer.from(view.payload);
  const header = new RtpHeader({
    payloadType: view.payloadType - (isRetransmission ? RETRANSMISSION_OFFSET : 0),
    sequenceNumber: isRetransmission ? payload.readUInt16BE(0) : view.sequenceNumber,
    timestamp: view.timestamp,
    ssrc: ssrc ?? view.ssrc,
    marker: view.marker,
  });
  return new RtpPacket(header, isRetransmission ? payload.subarray(2) : payload);
}
