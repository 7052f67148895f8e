import { RtpHeader, RtpPacket } from 'werift';
import { openTestClient } from '../support/webrtc-client.ts';
import type { Bench } from './bench.ts';
import { MeasuredServer } from './measured-server.ts';

const LINGER_MS = 200;
const WARM_UP_CYCLES = 60;
/** At once; a handshake mostly waits. */
const LANES = 4;

/** Publishers that connect over WebRTC and go: what of them stays in memory. */
export const webrtcCycles: Bench = {
  name: 'webrtc-cycles',
  description: '1000 WebRTC connects and disconnects, with garbage collected before and after',
  run: async ({ isQuick }) => {
    const cycles = isQuick ? 20 : 1000;
    await using server = await MeasuredServer.start(['--linger-ms', String(LINGER_MS)]);
    await connectAll(server.url, { first: 0, count: isQuick ? 10 : WARM_UP_CYCLES });
    const before = await server.read({ collect: true });
    const beganMs = performance.now();
    await connectAll(server.url, { first: WARM_UP_CYCLES, count: cycles });
    const elapsedMs = performance.now() - beganMs;
    const after = await server.read({ collect: true });
    const mib = (bytes: number): number => bytes / 2 ** 20;
    return {
      measures: [
        {
          name: 'growth of resident memory',
          value: mib(after.rssBytes - before.rssBytes),
          unit: 'MiB',
          atMost: 30,
        },
        { name: 'growth of the heap', value: mib(after.heapBytes - before.heapBytes), unit: 'MiB' },
        { name: 'processor, one connection', value: (after.cpuMs - before.cpuMs) / cycles, unit: 'ms' },
        { name: 'one connection', value: (elapsedMs * LANES) / cycles, unit: 'ms' },
      ],
      notes: [`${cycles} connections, ${LANES} at once, each with a handshake, a packet and a DELETE`],
    };
  },
};

async function connectAll(url: string, { first, count }: { first: number; count: number }): Promise<void> {
  let next = first;
  const lane = async (): Promise<void> => {
    while (next < first + count) {
      next += 1;
      await connectOnce(url, `cycle-${next}`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

async function connectOnce(url: string, stream: string): Promise<void> {
  await using client = openTestClient();
  const body = await client.offer();
  const headers = { 'content-type': 'application/sdp' };
  const answer = await fetch(`${url}/v1/streams/${stream}/whip`, { method: 'POST', headers, body });
  if (answer.status !== 201) throw new Error(`a publisher got ${answer.status}: ${await answer.text()}`);
  await client.answer(await answer.text());
  const { connection, track } = client;
  while (connection.connectionState !== 'connected') await new Promise((resolve) => setTimeout(resolve, 5));
  const header = new RtpHeader({ payloadType: 96, sequenceNumber: 1, timestamp: 1, ssrc: 1, marker: true });
  track.writeRtp(new RtpPacket(header, Buffer.from([0x65, 0])));
  const ended = await fetch(new URL(answer.headers.get('location') ?? '', url), { method: 'DELETE' });
  if (ended.status !== 200) throw new Error(`a publisher could not go: ${ended.status}`);
}
