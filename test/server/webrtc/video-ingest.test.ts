import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { nowMillis } from '../../../client-sdk/protocol/units.ts';
import type { RtcpPacket } from '../../../server/webrtc/rtcp-packet.ts';
import { VideoIngest } from '../../../server/webrtc/video-ingest.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test.each([
  { chance: 0, intervalMs: 500 },
  { chance: 0.5, intervalMs: 1000 },
  { chance: 1 - 2 ** -53, intervalMs: 1500 },
])('reports from the first packet on, by chance $chance every $intervalMs ms', ({ chance, intervalMs }) => {
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

const packet = {
  payloadType: 96,
  sequenceNumber: 1,
  timestamp: 0,
  ssrc: 7,
  marker: true,
  payload: new Uint8Array([0x61, 0xe0]),
};

const openIngest = (send: (packets: readonly RtcpPacket[]) => void): VideoIngest =>
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
