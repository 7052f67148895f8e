import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { RtpHeader, RtpPacket } from 'werift';
import { packetizeH264 } from '../../pipeline/rtp/h264-packetizer.ts';
import { readMediaUnits } from '../support/media-units.ts';
import { openTestClient, type TestClient } from '../support/webrtc-client.ts';
import type { Bench } from './bench.ts';

const PUBLISHERS = 20;
const BITS_PER_SECOND = 1_500_000;
const SECONDS = 20;
const PAYLOAD_BYTES = 1150;
const TICK_MS = 10;

/** Many publishers at once: what it costs to take their packets apart from tokenizing them. */
export const webrtcCrowd: Bench = {
  name: 'webrtc-crowd',
  description: `${PUBLISHERS} WebRTC publishers at 1.5 Mbit/s: what decryption, order and access units cost`,
  run: async ({ cameraPath, isQuick }) => {
    const payloads = await payloadsOf(cameraPath);
    const sink = new Sink();
    const count = isQuick ? 3 : PUBLISHERS;
    const clients: TestClient[] = [];
    try {
      for (let index = 0; index < count; index++) clients.push(await connectClient(sink));
      const senders = clients.map((client, index) => new Sender(client, payloads, index));
      const before = await sink.read();
      const beganMs = performance.now();
      const timer = setInterval(() => {
        for (const sender of senders) sender.sendUntil(performance.now() - beganMs);
      }, TICK_MS);
      await new Promise((resolve) => setTimeout(resolve, (isQuick ? 4 : SECONDS) * 1000));
      clearInterval(timer);
      const elapsedMs = performance.now() - beganMs;
      const after = await sink.read();
      const sent = senders.reduce((sum, { packets }) => sum + packets, 0);
      return {
        measures: [
          {
            name: `processor, ${count} publishers`,
            value: (100 * (after.cpuMs - before.cpuMs)) / elapsedMs,
            unit: '% of a core',
            atMost: 100,
          },
          { name: 'packets', value: ((after.packets - before.packets) * 1000) / elapsedMs, unit: '/s' },
          { name: 'packets that did not arrive', value: sent - (after.packets - before.packets), unit: '' },
          { name: 'access units', value: ((after.units - before.units) * 1000) / elapsedMs, unit: '/s' },
        ],
        notes: ['werift sends from this process; the receiver is a process of its own without a tokenizer'],
      };
    } finally {
      await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
      sink.kill();
    }
  },
};

interface Payload {
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

/** A camera's access units as RTP payloads, in order. */
async function payloadsOf(path: string): Promise<Payload[]> {
  const { units } = await readMediaUnits(path);
  return units.flatMap(({ data }) => {
    const payloads = packetizeH264(data, { maxPayloadBytes: PAYLOAD_BYTES });
    return payloads.map((bytes, index) => ({ bytes, isLast: index === payloads.length - 1 }));
  });
}

async function connectClient(sink: Sink): Promise<TestClient> {
  const client = openTestClient();
  await client.answer(await sink.accept(await client.offer()));
  while (client.connection.connectionState !== 'connected') await new Promise((wake) => setTimeout(wake, 5));
  return client;
}

/** Sends the payloads over and over, at the rate. */
class Sender {
  packets = 0;
  readonly #client: TestClient;
  readonly #payloads: readonly Payload[];
  readonly #ssrc: number;
  #bits = 0;
  #timestamp = 0;

  constructor(client: TestClient, payloads: readonly Payload[], index: number) {
    this.#client = client;
    this.#payloads = payloads;
    this.#ssrc = index + 1;
  }

  sendUntil(elapsedMs: number): void {
    while (this.#bits < (BITS_PER_SECOND * elapsedMs) / 1000) this.#send();
  }

  #send(): void {
    const { bytes, isLast } = this.#payloads[this.packets % this.#payloads.length]!;
    const header = new RtpHeader({
      payloadType: 96,
      sequenceNumber: this.packets & 0xffff,
      timestamp: this.#timestamp >>> 0,
      ssrc: this.#ssrc,
      marker: isLast,
    });
    this.#client.track.writeRtp(new RtpPacket(header, Buffer.from(bytes)));
    this.packets += 1;
    this.#bits += bytes.length * 8;
    if (isLast) this.#timestamp += 3000;
  }
}

interface SinkReading {
  readonly packets: number;
  readonly units: number;
  readonly cpuMs: number;
}

/** The receiving process. */
class Sink {
  readonly #child: ChildProcess;
  #asked = 0;

  constructor() {
    const script = new URL('./rtp-ingest-process.ts', import.meta.url);
    this.#child = fork(script, { execArgv: ['--import', 'tsx'] });
  }

  async accept(offer: string): Promise<string> {
    return (await this.#ask({ offer })).answer ?? '';
  }

  async read(): Promise<SinkReading> {
    return (await this.#ask({})).reading;
  }

  kill(): void {
    this.#child.kill();
  }

  async #ask(question: { offer?: string }): Promise<{ answer?: string; reading: SinkReading }> {
    this.#asked += 1;
    const answered = once(this.#child, 'message');
    this.#child.send({ ...question, id: this.#asked });
    const [answer] = (await answered) as [{ answer?: string; reading: SinkReading; fault?: string }];
    if (answer.fault !== undefined) throw new Error(answer.fault);
    return answer;
  }
}
