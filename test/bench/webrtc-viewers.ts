import { connect } from '../../client-sdk/index.ts';
import { openWhepClient, type WhepClient } from '../support/whep-client.ts';
import type { Bench } from './bench.ts';
import { MeasuredServer } from './measured-server.ts';
import type { Measure } from './report.ts';
import { paced, type ScheduledUnit } from './ts-schedule.ts';

const SECONDS = 20;
const SETTLE_SECONDS = 3;
const VIEWERS = [0, 1, 20];

/** One live stream and its viewers over WebRTC: what the encoder costs, and what each further viewer does. */
export const webrtcViewers: Bench = {
  name: 'webrtc-viewers',
  description: `one live 720p30 stream with ${VIEWERS.join(', ')} WHEP viewers: processor and pictures`,
  run: async ({ camera, isQuick }) => {
    const measures: Measure[] = [];
    for (const viewers of VIEWERS)
      measures.push(...(await measure(camera, { viewers, seconds: isQuick ? 4 : SECONDS })));
    return { measures, notes: ['the viewers are werift clients in this process, which does not count'] };
  },
};

async function measure(
  camera: readonly ScheduledUnit[],
  { viewers, seconds }: { viewers: number; seconds: number },
): Promise<Measure[]> {
  await using server = await MeasuredServer.start();
  const clients: WhepClient[] = [];
  let published: Promise<unknown> = Promise.resolve();
  try {
    for (let index = 0; index < viewers; index++)
      clients.push(await openWhepClient({ url: server.url, stream: 'camera' }));
    const media = paced(camera, { seconds: seconds + SETTLE_SECONDS + 2 });
    published = connect(server.url).stream('camera').publish(media, { delivery: 'live' });
    await sleep(SETTLE_SECONDS * 1000);
    const before = await server.read();
    const shown = unitsOf(clients);
    const bytes = bytesOf(clients);
    const beganMs = performance.now();
    await sleep(seconds * 1000);
    const after = await server.read();
    const elapsedMs = performance.now() - beganMs;
    const name = `${viewers} viewer${viewers === 1 ? '' : 's'}`;
    const cpu = (100 * (after.cpuMs - before.cpuMs)) / elapsedMs;
    const loop = {
      name: `${name}: event loop delay p99`,
      value: after.loopDelayMs.p99,
      unit: 'ms',
      atMost: 20,
    };
    if (viewers === 0) return [{ name: `${name}: processor`, value: cpu, unit: '% of a core' }, loop];
    const each = viewers * elapsedMs;
    return [
      { name: `${name}: processor`, value: cpu, unit: '% of a core' },
      loop,
      { name: `${name}: pictures`, value: (1000 * (unitsOf(clients) - shown)) / each, unit: '/s each' },
      { name: `${name}: video`, value: (8 * (bytesOf(clients) - bytes)) / each, unit: 'kbit/s each' },
    ];
  } finally {
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
    await published.catch(() => undefined);
  }
}

const unitsOf = (clients: readonly WhepClient[]): number =>
  clients.reduce((sum, { units }) => sum + units.length, 0);
const bytesOf = (clients: readonly WhepClient[]): number =>
  clients.reduce(
    (sum, { packets }) => sum + packets.reduce((bytes, { payload }) => bytes + payload.length, 0),
    0,
  );
const sleep = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));
