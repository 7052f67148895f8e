import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { nowMillis } from '../../../client-sdk/protocol/units.ts';
import { Scope } from '../../../pipeline/lifetime.ts';
import type { RtcpPacket } from '../../../server/webrtc/rtcp-packet.ts';
import { VideoIngest } from '../../../server/webrtc/video-ingest.ts';

afterEach(() => vi.restoreAllMocks());

test.each([
  { name: 'what is missing', waiting: [2] },
  { name: 'what is missing behind newer packets', waiting: [4, 5, 2] },
])('gives nothing up that waits in the socket while it is kept busy: $name', async ({ waiting }) => {
  const scope = new Scope();
  onTestFinished(() => scope.close());
  const [socket, sender] = [createSocket('udp4'), createSocket('udp4')];
  for (const each of [socket, sender]) scope.defer(() => void each.close());
  const ingest = openIngest();
  scope.defer(() => ingest.close());
  const take = (sequenceNumber: number): void =>
    ingest.takeRtp({ ...packet, sequenceNumber, timestamp: sequenceNumber * 3000 }, nowMillis());
  socket.on('message', ([sequenceNumber]) => take(sequenceNumber!));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  sender.connect(socket.address().port, '127.0.0.1');
  await once(sender, 'connect');

  take(1);
  take(3);
  expect(ingest.statistics.nacks).toBe(1);
  for (const sequenceNumber of waiting) sender.send(Uint8Array.of(sequenceNumber));
  blockLongerThanPacketsAreHeld();
  await vi.waitUntil(() => ingest.statistics.received === 2 + waiting.length, { interval: 1 });
  expect(ingest.statistics).toMatchObject({ recovered: 1, lost: 0, late: 0 });
});

test('what does not come is given up when it has been waited for, without a packet after it', async () => {
  const ingest = openIngest();
  for (const sequenceNumber of [1, 3]) ingest.takeRtp({ ...packet, sequenceNumber }, nowMillis());
  await vi.waitUntil(() => ingest.statistics.lost === 1);
  ingest.close();
});

const blockLongerThanPacketsAreHeld = (): void =>
  void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);

describe('reports', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test.each([
    { chance: 0, intervalMs: 500 },
    { chance: 0.5, intervalMs: 1000 },
    { chance: 1 - 2 ** -53, intervalMs: 1500 },
  ])('from the first packet on, by chance $chance every $intervalMs ms', ({ chance, intervalMs }) => {
    vi.spyOn(Math, 'random').mockReturnValue(chance);
    const sent: RtcpPacket[] = [];
    const ingest = openIngest((packets) => sent.push(...packets));
    const reports = (): number => sent.filter(({ type }) => type === 'receiver-report').length;
    vi.advanceTimersByTime(10_000);
    expect(reports()).toBe(0);
    ingest.takeRtp(packet, nowMillis());
    for (const count of [1, 2, 3]) {
      vi.advanceTimersByTime(intervalMs - 1);
      expect(reports()).toBe(count - 1);
      vi.advanceTimersByTime(1);
      expect(reports()).toBe(count);
    }
    ingest.close();
    vi.advanceTimersByTime(10_000);
    expect(reports()).toBe(3);
  });
});

const packet = {
  payloadType: 96,
  sequenceNumber: 1,
  timestamp: 0,
  ssrc: 7,
  marker: true,
  payload: new Uint8Array([0x61, 0xe0]),
};

const openIngest = (send: (packets: readonly RtcpPacket[]) => void = () => undefined): VideoIngest =>
  new VideoIngest({
    video: {
      codec: 'h264',
      clockRate: 90_000,
      formats: new Map([[96, { codec: 'h264' }]]),
      retransmissions: new Map(),
    },
    maxUnitBytes: 1 << 20,
    keyframeIntervalMs: 1000,
    maxBitrate: 1_000_000,
    onEvent: () => undefined,
    onBye: () => undefined,
    onRefuse: () => undefined,
    send,
  });
