import { expect, it } from 'vitest';
import { RtpHeader, RtpPacket } from 'werift';
import { packetizeH264 } from '../../../pipeline/rtp/h264-packetizer.ts';
import { mediaFixture, runDemux } from '../../support/demux-run.ts';
import { openTestEngine, startTestServer } from '../../support/test-server.ts';
import { openTestClient } from '../../support/webrtc-client.ts';

it('a publisher over WebRTC gets the messages of its own stream on its own connection', async () => {
  const engine = await openTestEngine();
  await using server = await startTestServer(engine);
  await using client = openTestClient();
  const received: string[] = [];
  client.connection
    .createDataChannel('tokens')
    .onMessage.subscribe((message) => received.push(String(message)));
  const response = await fetch(`${server.url}/v1/streams/cam/whip`, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: await client.offer(),
  });
  const connected = client.connection.connectionStateChange.watch((state) => state === 'connected');
  await client.answer(await response.text());
  await connected;
  await expect.poll(() => server.app.registry.subscribers).toBe(1);
  const { units } = await runDemux(mediaFixture('city-h264-p.ts'));
  let sequenceNumber = 0;
  for (const { data, pts } of units) {
    const payloads = packetizeH264(data, { maxPayloadBytes: 1188 });
    for (const [index, payload] of payloads.entries()) {
      const header = new RtpHeader({
        payloadType: 96,
        sequenceNumber: sequenceNumber++,
        timestamp: Math.round((pts * 90) / 1000),
        marker: index === payloads.length - 1,
      });
      client.track.writeRtp(new RtpPacket(header, Buffer.from(payload)));
    }
  }
  await expect.poll(() => received.length).toBeGreaterThanOrEqual(5);
  await fetch(new URL(response.headers.get('location') ?? '', server.url), { method: 'DELETE' });
  const tokens = await fetch(`${server.url}/v1/streams/cam/tokens?from=earliest&until=end`);
  const lines = (await tokens.text()).trim().split('\n');
  // The connection may close before the last of them has left.
  expect(received).toEqual(lines.slice(0, received.length));
  await engine.close();
});
