/** Damages real RTP in reproducible ways and holds the receive stage to what it promises for any packets. */
import { millis } from '../../client-sdk/protocol/units.ts';
import type { RtpPacketView } from '../../pipeline/rtp/rtp-packet.ts';
import { RTP_CODECS, type RtpCodec } from '../../pipeline/rtp/rtp-receiver.ts';
import { mediaFixture, runDemux } from '../support/demux-run.ts';
import { PACKETIZERS } from '../support/rtp-packetizer.ts';
import { PAYLOAD_TYPES, RETRANSMISSION_OFFSET, ReceiverRun } from '../support/rtp-receiver-run.ts';
import { seededRandom } from '../support/seeded-random.ts';

const FILES: Readonly<Record<RtpCodec, string>> = {
  h264: 'city-h264-slices.h264',
  vp8: 'city-vp8.webm',
  vp9: 'city-vp9.webm',
  av1: 'city-av1.webm',
};
const UNITS = 12;
const PACKETS = 300;

const payloads = new Map<RtpCodec, Promise<Uint8Array[][]>>();

/** Payloads of the first units of real media, small ones so that there are many. */
function payloadsOf(codec: RtpCodec): Promise<Uint8Array[][]> {
  const known = payloads.get(codec) ?? readPayloads(codec);
  payloads.set(codec, known);
  return known;
}

async function readPayloads(codec: RtpCodec): Promise<Uint8Array[][]> {
  const { units } = await runDemux(mediaFixture(FILES[codec]), { framesPerSecond: 25 });
  return units
    .slice(0, UNITS)
    .map((unit) => PACKETIZERS[codec](unit.data, { ...unit, maxPayloadBytes: 400, pictureId: unit.index }));
}

type Below = (limit: number) => number;

const DAMAGES: readonly ((payload: Uint8Array, below: Below) => Uint8Array)[] = [
  (payload) => payload,
  function flipBits(payload, below) {
    const copy = Uint8Array.from(payload);
    for (let count = 1 + below(4); count > 0 && copy.length > 0; count -= 1)
      copy[below(2) === 0 ? below(Math.min(8, copy.length)) : below(copy.length)]! ^= 1 << below(8);
    return copy;
  },
  (payload, below) => payload.subarray(0, below(payload.length + 1)),
  (payload, below) => payload.subarray(below(payload.length + 1)),
  (_payload, below) => Uint8Array.from({ length: below(40) }, () => below(256)),
  (payload, below) => Uint8Array.from(payload).fill(below(2) * 255, 0, 1 + below(12)),
];

/** Runs one case; throws with the seed where a promise is broken. */
export async function checkRtpSeed(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const below: Below = (limit) => Math.floor(random() * limit);
  const codec = RTP_CODECS[below(RTP_CODECS.length)]!;
  const units = await payloadsOf(codec);
  const run = new ReceiverRun({ maxUnitBytes: 1 << (8 + below(12)), keyframeIntervalMs: below(2) * 1000 });
  let nowMs: number = run.now;
  try {
    for (const packet of hostile({ codec, units, below })) {
      nowMs += below(40) === 0 ? below(20_000) - 10_000 : below(20);
      disturb(run, { nowMs, below });
      run.receiver.push(packet, millis(nowMs));
    }
    run.receiver.end(millis(nowMs));
    checkPromises(run);
  } catch (cause) {
    throw new Error(`RTP seed ${seed} (${codec}): ${String(cause)}`, { cause });
  }
}

/** Packets in mostly good order whose payloads are mostly good, so that damage reaches every depth. */
function* hostile(source: {
  codec: RtpCodec;
  units: readonly Uint8Array[][];
  below: Below;
}): Generator<RtpPacketView> {
  const { codec, units, below } = source;
  const strange = [0, 1, 77, 4_294_967_295];
  let sequenceNumber = below(65_536);
  let timestamp = below(2 ** 32);
  let sent = 0;
  for (let unit = 0; sent < PACKETS; unit += 1) {
    const parts = units[unit % units.length]!;
    timestamp = (below(30) === 0 ? below(2 ** 32) : timestamp + 3600) % 2 ** 32;
    for (const [index, part] of parts.entries()) {
      sent += 1;
      const damage = below(4) === 0 ? DAMAGES[below(DAMAGES.length)]! : DAMAGES[0]!;
      const isRetransmission = below(30) === 0;
      sequenceNumber =
        below(60) === 0 ? below(65_536) : (sequenceNumber + (below(25) === 0 ? 3 : 1)) % 65_536;
      const payload = damage(part, below);
      const number = (sequenceNumber - below(4) + 65_536) % 65_536;
      yield {
        payloadType:
          below(50) === 0
            ? below(128)
            : PAYLOAD_TYPES[codec] + (isRetransmission ? RETRANSMISSION_OFFSET : 0),
        sequenceNumber: below(20) === 0 ? number : sequenceNumber,
        timestamp: below(60) === 0 ? below(2 ** 32) : timestamp,
        ssrc: below(80) === 0 ? strange[below(strange.length)]! : isRetransmission ? 6 : 5,
        marker: below(20) === 0 ? below(2) === 0 : index === parts.length - 1,
        payload: isRetransmission ? Uint8Array.of(number >> 8, number & 255, ...payload) : payload,
      };
    }
  }
}

/** Everything else that can happen to a stage, now and then. */
function disturb(run: ReceiverRun, { nowMs, below }: { nowMs: number; below: Below }): void {
  const u32 = (): number => (below(4) === 0 ? below(2) * 0xffff_ffff : below(2 ** 32));
  const report = { ssrc: 5, ntpSeconds: u32(), ntpFraction: u32(), rtpTimestamp: u32() };
  const roundTrips = [0, 5, 1e9, -1, Number.NaN, Number.POSITIVE_INFINITY];
  if (below(10) === 0) run.receiver.advance(millis(nowMs));
  if (below(40) === 0) run.receiver.senderReport(report, millis(nowMs));
  if (below(40) === 0) run.receiver.setRoundTrip(roundTrips[below(roundTrips.length)]!);
  if (below(60) === 0) run.receiver.needKeyframe(millis(nowMs));
}

function checkPromises({ units, events, feedback, dropped, receiver }: ReceiverRun): void {
  const claim = (holds: boolean, what: string): void => {
    if (!holds) throw new Error(what);
  };
  claim(new Set(units.map((unit) => unit.pts)).size === units.length, 'two units share a presentation time');
  for (const [index, { data, pts, captured, ...unit }] of units.entries()) {
    claim(unit.index === index, `unit ${index} has index ${unit.index}`);
    claim(Number.isSafeInteger(pts) && pts >= 0, `unit ${index} has time ${pts}`);
    claim(captured === undefined || captured >= 0, `unit ${index} was captured at ${captured}`);
    claim(data.length > 0 && data.buffer.byteLength === data.length, `unit ${index} does not own its bytes`);
  }
  const format = events.findIndex((event) => event.type === 'format');
  const unit = events.findIndex((event) => event.type === 'unit');
  claim(unit < 0 || (format >= 0 && format < unit), 'a unit came before its format');
  for (const each of feedback) {
    if (each.type === 'nack')
      claim(
        each.sequenceNumbers.every((number) => number >= 0 && number < 65_536),
        'no sequence number',
      );
    if (each.type === 'remb') claim(Number.isSafeInteger(each.bitrate) && each.bitrate > 0, 'no bitrate');
  }
  const numbers = Object.values(receiver.statistics).filter((value) => typeof value === 'number');
  claim(
    numbers.every((value) => Number.isFinite(value) && value >= 0),
    'a statistic is no number',
  );
  claim(receiver.statistics.unitLosses === dropped, 'losses are not counted');
}
