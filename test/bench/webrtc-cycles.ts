import { RtpHeader, RtpPacket } from 'werift';
import { openTestClient } from '../support/webrtc-client.ts';
import type { Bench } from './bench.ts';
import { type CycleRange, measureCycles } from './cycles.ts';

const WARM_UP_CYCLES = 60;
/** At once; a handshake mostly waits. */
const LANES = 4;

/** Publishers that connect over WebRTC and go: what of them stays in memory. */
export const webrtcCycles: Bench = {
  name: 'webrtc-cycles',
  description: '1000 WebRTC connects and disconnects, with garbage collected before and after',
  run: async ({ isQuick }) => {
    const cycles = isQuick ? 20 : 1000;
    const { memory, cpuMs, elapsedMs } = await measureCycles({
      warmUp: isQuick ? 10 : WARM_UP_CYCLES,
      cycles,
      growthMib: 30,
      run: connectAll,
    });
    return {
      measures: [
        ...memory,
        { name: 'processor, one connection', value: cpuMs, unit: 'ms' },
        { name: 'one connection', value: elapsedMs * LANES, unit: 'ms' },
      ],
      notes: [`${cycles} connections, ${LANES} at once, each with a handshake, a packet and a DELETE`],
    };
  },
};

async function connectAll(url: string, { first, count }: CycleRange): Promise<void> {
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
