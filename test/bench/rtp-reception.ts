import type { RtpPacketView } from '../../pipeline/rtp/rtp-packet.ts';
import { tally } from '../support/rtp-oracle.ts';
import { PACKETIZERS } from '../support/rtp-packetizer.ts';
import { PAYLOAD_TYPES, RETRANSMISSION_OFFSET, ReceiverRun } from '../support/rtp-receiver-run.ts';
import { RtpSender } from '../support/rtp-sender.ts';
import { type Impairment, type SimulationOptions, simulate } from '../support/rtp-simulation.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { openUnitMaker } from '../support/synthetic-units.ts';
import type { Bench } from './bench.ts';
import type { Measure } from './report.ts';
import { percentilesOf } from './statistics.ts';
import { WeriftReception } from './werift-reception.ts';

const FRAMES_PER_SECOND = 30;
const PUBLISHERS = 20;
const BITRATE = 1_500_000;
const PAYLOAD_BYTES = 1188;
const CLEAN: Impairment = { loss: 0, duplication: 0, delayMs: 50, jitterMs: 0 };

const LINKS: Readonly<Record<string, (sinceMs: number) => Impairment>> = {
  'no loss': () => CLEAN,
  'reordering by 30 ms': () => ({ ...CLEAN, jitterMs: 30 }),
  '2 % loss': () => ({ ...CLEAN, loss: 0.02 }),
  '5 % loss, reordering by 30 ms': () => ({ ...CLEAN, loss: 0.05, jitterMs: 30 }),
  '10 % loss': () => ({ ...CLEAN, loss: 0.1 }),
  '5 s blackout': (sinceMs) => (sinceMs > 10_000 && sinceMs < 15_000 ? { ...CLEAN, loss: 1 } : CLEAN),
};

/** What bad links do to a 1.5 Mbit/s camera, in virtual time and beside werift's own parts; what 20 publishers cost. */
export const rtpReception: Bench = {
  name: 'rtp-reception',
  description:
    'access units over bad links, with our receive stage and with werift’s parts; its processor time',
  run: async ({ isQuick }) => {
    const measures: Measure[] = [];
    for (const [link, impairment] of Object.entries(LINKS))
      measures.push(...(await compare(link, { impairment, seconds: isQuick ? 10 : 30 })));
    return {
      measures: [...measures, ...(await measureCost(isQuick ? 2 : 20))],
      notes: [
        'links: 50 ms each way, loss both ways, retransmission by RFC 4588, keyframe requests answered',
        'werift: NackHandlerBase, JitterBufferBase and DepacketizeBase in a row, with a PLI every 2 s',
      ],
    };
  },
};

async function compare(
  link: string,
  { impairment, seconds }: { impairment: (sinceMs: number) => Impairment; seconds: number },
): Promise<Measure[]> {
  const options: SimulationOptions = {
    seed: 1,
    codec: 'h264',
    units: seconds * FRAMES_PER_SECOND,
    framesPerSecond: FRAMES_PER_SECOND,
    maxPayloadBytes: PAYLOAD_BYTES,
    keyframeBytes: 60_000,
    unitBytes: (2 * BITRATE) / 8 / FRAMES_PER_SECOND,
    retransmission: 'rfc4588',
    answersRequests: true,
    upheaval: 0,
    padding: 0.02,
    impairment,
  };
  const ours = await simulate(options);
  const theirs = await simulate({ ...options, openReceiver: (callbacks) => new WeriftReception(callbacks) });
  return [
    ...measuresOf(`${link}: our stage`, tally(ours), ours.sent.length),
    ...measuresOf(`${link}: werift`, tally(theirs), theirs.sent.length),
  ];
}

const measuresOf = (
  name: string,
  { given, wrong, silent, delaysMs }: ReturnType<typeof tally>,
  sent: number,
) => [
  { name: `${name}, units given`, value: (100 * given) / sent, unit: '%' },
  { name: `${name}, units wrong`, value: wrong, unit: '' },
  { name: `${name}, units missing silently`, value: silent, unit: '' },
  { name: `${name}, delay p95`, value: percentilesOf(delaysMs)?.p95 ?? Number.NaN, unit: 'ms' },
];

/** Pushes recorded packets of all publishers, of which 1 % comes again 100 ms late, as fast as it goes. */
async function measureCost(seconds: number): Promise<Measure[]> {
  const schedules: RtpPacketView[][][] = [];
  for (let publisher = 0; publisher < PUBLISHERS; publisher += 1)
    schedules.push(await recordPublisher(publisher, seconds));
  const runs = schedules.map(
    () => new ReceiverRun({ onEvent: () => undefined, onFeedback: () => undefined }),
  );
  const before = process.cpuUsage();
  for (let frame = 0; frame < seconds * FRAMES_PER_SECOND; frame += 1) {
    for (const [publisher, run] of runs.entries()) {
      run.push(...schedules[publisher]![frame]!);
      run.pass(1000 / FRAMES_PER_SECOND);
    }
  }
  const used = process.cpuUsage(before);
  const packets = runs.reduce((sum, run) => sum + run.statistics.received, 0);
  return [
    {
      name: `${PUBLISHERS} publishers at 1.5 Mbit/s, share of one core`,
      value: (100 * (used.user + used.system)) / 1e6 / seconds,
      unit: '%',
      atMost: 100,
    },
    { name: 'a packet', value: (used.user + used.system) / packets, unit: 'µs' },
  ];
}

/** The packets that come with each frame. */
async function recordPublisher(seed: number, seconds: number): Promise<RtpPacketView[][]> {
  const random = seededRandom(seed);
  const makeUnit = await openUnitMaker('h264');
  const payloadType = PAYLOAD_TYPES.h264;
  const sender = new RtpSender({ ssrc: 1, payloadType, sequenceNumber: 65_000, timestamp: 0 });
  const frames = Array.from({ length: seconds * FRAMES_PER_SECOND }, (): RtpPacketView[] => []);
  for (const [id, frame] of frames.entries()) {
    const isKeyframe = id % (2 * FRAMES_PER_SECOND) === 0;
    const sizeBytes = (BITRATE / 8 / FRAMES_PER_SECOND) * (isKeyframe ? 5 : 0.93);
    const { data } = makeUnit({ id, isKeyframe, sizeBytes: Math.round(sizeBytes) });
    const payloads = PACKETIZERS.h264(data, { isKeyframe, maxPayloadBytes: PAYLOAD_BYTES, pictureId: id });
    for (const packet of sender.packetsOf(payloads, 3000)) {
      if (random() >= 0.01) frame.push(packet);
      else {
        const as = { ssrc: 2, payloadType: payloadType + RETRANSMISSION_OFFSET };
        frames[id + 3]?.push(sender.retransmit(packet.sequenceNumber, as)!);
      }
    }
  }
  return frames;
}
