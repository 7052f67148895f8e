import { describe, expect, it } from 'vitest';
import { planSend } from '../../../server/webrtc/answer-sdp.ts';
import { middleOf } from '../../../server/webrtc/ntp.ts';
import type { OfferedCodec } from '../../../server/webrtc/offer-sdp.ts';
import type { OutgoingRtp } from '../../../server/webrtc/peer.ts';
import type { RtcpPacket } from '../../../server/webrtc/rtcp-packet.ts';
import { RtpSender } from '../../../server/webrtc/rtp-sender.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const CODEC: OfferedCodec = {
  name: 'h264',
  payloadType: 102,
  clockRate: 90_000,
  format: '',
  feedback: ['nack', 'nack pli'],
  retransmission: 103,
};
const payloads = (count: number): Uint8Array[] => Array.from({ length: count }, (_, at) => Uint8Array.of(at));

function setUp(codec: Partial<OfferedCodec> = {}) {
  const clock = new VirtualClock();
  const packets: OutgoingRtp[] = [];
  const reports: RtcpPacket[] = [];
  const plan = planSend({ ...CODEC, ...codec }, 'test');
  const peer = {
    sendRtp: (packet: OutgoingRtp) => void packets.push(packet),
    sendRtcp: (compound: readonly RtcpPacket[]) => void reports.push(...compound),
  };
  const sender = new RtpSender({ plan, peer, ...clock });
  const nack = (sequenceNumbers: number[]): OutgoingRtp[] => {
    const before = packets.length;
    sender.takeRtcp({ type: 'nack', sender: 1, media: plan.ssrc, sequenceNumbers });
    return packets.slice(before);
  };
  return { clock, packets, reports, plan, sender, nack };
}
const difference = (later: number, earlier: number): number => (later - earlier) >>> 0;

describe('an RTP sender', () => {
  it('numbers packets without holes, marks the last of each picture, and counts time at 90 kHz', () => {
    const { sender, packets, plan } = setUp();
    sender.send(payloads(2), 0);
    sender.send(payloads(1), 83_333);
    const [first, second, third] = packets as [OutgoingRtp, OutgoingRtp, OutgoingRtp];
    expect(packets.map(({ marker }) => marker)).toEqual([false, true, true]);
    expect([second, third].map((packet) => packet.sequenceNumber - first.sequenceNumber)).toEqual([1, 2]);
    expect(second.timestamp).toBe(first.timestamp);
    expect(difference(third.timestamp, first.timestamp)).toBe(7500);
    expect(first).toMatchObject({ payloadType: 102, ssrc: plan.ssrc });
  });

  it('spreads a large picture over time and keeps the order', () => {
    const { sender, packets, clock } = setUp();
    sender.send(payloads(20), 0);
    expect(packets).toHaveLength(8);
    clock.advance(4);
    sender.send(payloads(1), 1000);
    expect(packets).toHaveLength(8);
    clock.advance(1);
    expect(packets).toHaveLength(16);
    clock.advance(5);
    expect(packets).toHaveLength(21);
    const [first] = packets;
    expect(packets.map((packet) => packet.sequenceNumber - first!.sequenceNumber)).toEqual([
      ...Array(21).keys(),
    ]);
  });

  it('sends lost packets again in a stream of their own (RFC 4588), each at most once in a round trip', () => {
    const { sender, packets, clock, nack, plan } = setUp();
    sender.send(payloads(4), 0);
    clock.advance(50);
    const [, lost, other] = packets as [OutgoingRtp, OutgoingRtp, OutgoingRtp];
    const [again] = nack([lost.sequenceNumber]);
    expect(again).toEqual({
      ...lost,
      payloadType: 103,
      ssrc: plan.retransmissionSsrc,
      sequenceNumber: 0,
      payload: Uint8Array.of(lost.sequenceNumber >> 8, lost.sequenceNumber & 255, 1),
    });
    expect(nack([lost.sequenceNumber])).toEqual([]);
    expect(nack([other.sequenceNumber])).toMatchObject([{ sequenceNumber: 1 }]);
    clock.advance(10);
    expect(nack([lost.sequenceNumber])).toHaveLength(1);
    expect(sender.statistics).toMatchObject({ packets: 4, retransmitted: 3 });
  });

  it('sends them again as they were where the peer has no such stream', () => {
    const { sender, packets, clock, nack } = setUp({ retransmission: undefined });
    sender.send(payloads(2), 0);
    clock.advance(20);
    const [first] = packets;
    expect(nack([first!.sequenceNumber])).toEqual([first]);
  });

  it('answers no more requests than helps, and none for what it has never sent or long forgotten', () => {
    const { sender, packets, clock, nack } = setUp();
    for (let unit = 0; unit < 200; unit += 1) {
      sender.send(payloads(4), unit * 83_333);
      clock.advance(83);
    }
    const [first] = packets;
    expect(nack([(packets.at(-1)!.sequenceNumber + 1) & 0xffff, first!.sequenceNumber])).toEqual([]);
    const all = packets.slice(-500).map(({ sequenceNumber }) => sequenceNumber);
    let answered = 0;
    for (let second = 0; second < 10; second += 0.1) {
      answered += nack(all).length;
      clock.advance(100);
    }
    expect(answered).toBeLessThanOrEqual(250 * 11);
    expect(answered).toBeGreaterThan(250 * 9);
  });

  it('reports its clock once a second and knows the round trip and the losses by the answer', () => {
    const { sender, reports, clock, plan } = setUp();
    sender.send(payloads(3), 0);
    clock.advance(1000);
    const sent = reports.flatMap((each) => (each.type === 'sender-report' ? [each] : []));
    expect(sent).toHaveLength(2);
    expect(sent[1]).toMatchObject({ ssrc: plan.ssrc, packetCount: 3, octetCount: 3 });
    expect(difference(sent[1]!.rtpTimestamp, sent[0]!.rtpTimestamp)).toBe(90_000);
    expect(reports).toContainEqual({ type: 'source-description', ssrc: plan.ssrc, cname: 'test' });
    const report = { ssrc: plan.ssrc, packetsLost: 1, highestSequence: 0, jitter: 0 };
    sender.takeRtcp({
      type: 'receiver-report',
      ssrc: 1,
      reports: [
        // The report has been held for all the time since it was sent, but for a quarter of a second.
        {
          ...report,
          fractionLost: 64,
          lastReport: (middleOf(sent[1]!) - 65_536 * 10) >>> 0,
          delaySinceLastReport: 65_536 * 9.75,
        },
      ],
    });
    expect(sender.statistics.lossFraction).toBe(0.25);
    expect(sender.statistics.roundTripMs).toBeGreaterThanOrEqual(249);
    expect(sender.statistics.roundTripMs).toBeLessThan(5000);
  });

  it('says goodbye once and sends nothing after it', () => {
    const { sender, reports, packets, clock, plan } = setUp();
    sender.send(payloads(20), 0);
    sender.close();
    sender.close();
    clock.advance(5000);
    expect(packets).toHaveLength(8);
    expect(reports.filter(({ type }) => type === 'bye')).toEqual([{ type: 'bye', ssrcs: [plan.ssrc] }]);
    expect(clock.timers).toBe(0);
  });
});
