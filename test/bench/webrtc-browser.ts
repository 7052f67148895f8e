import type { Browser } from 'playwright-core';
import { connect } from '../../client-sdk/index.ts';
import type { Message } from '../../client-sdk/protocol/messages.ts';
import { openCameraBrowser, openWhipTab, type WhipTab } from '../support/camera-browser.ts';
import type { Bench } from './bench.ts';
import { MeasuredServer } from './measured-server.ts';
import type { Measure } from './report.ts';
import { percentilesOf } from './statistics.ts';

const ROUNDS = 5;
const STEADY_SECONDS = 20;
const POLL_MS = 50;
/** A browser that has not got there by then will not. */
const GIVE_UP_MS = 40_000;
const WIDTH_PX = 1280;
const CAMERA = { widthPx: WIDTH_PX, heightPx: 720, framesPerSecond: 30 };

/** A browser that publishes its camera over WebRTC: how soon, how far behind, how sharp, and what it costs. */
export const webrtcBrowser: Bench = {
  name: 'webrtc-browser',
  description:
    'Chromium publishes a 720p30 camera by WHIP: time to the first visual, glass to token, size, processor',
  run: async ({ cameraPath, isQuick }) => {
    const browser = await openCameraBrowser({ media: cameraPath, ...CAMERA });
    try {
      await using server = await MeasuredServer.start();
      const rounds = isQuick ? 1 : ROUNDS;
      const first: number[] = [];
      for (let round = 0; round < rounds; round++)
        first.push(await timeToFirstVisual(server, browser, `first-${round}`));
      const steady = await measureSteady(server, browser, isQuick ? 6 : STEADY_SECONDS);
      return {
        measures: [...firstMeasures(first), ...steady.measures],
        notes: [`H.264 by the client of whip-whep; ${rounds} connects`, ...steady.notes],
      };
    } finally {
      await browser.close();
    }
  },
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const firstMeasures = (sample: readonly number[]): Measure[] => {
  const { p50 = 0, max = 0 } = percentilesOf(sample) ?? {};
  return [
    { name: 'POST to first visual, median', value: p50, unit: 'ms', atMost: 1000 },
    { name: 'POST to first visual, worst', value: max, unit: 'ms' },
  ];
};

const publish = (server: MeasuredServer, browser: Browser, stream: string): Promise<WhipTab> =>
  openWhipTab(browser, {
    url: server.url,
    stream,
    codec: 'video/H264',
    widthPx: CAMERA.widthPx,
    heightPx: CAMERA.heightPx,
  });

/** From the client's POST to the moment that the server emits the first visual, both on this machine's clock. */
async function timeToFirstVisual(server: MeasuredServer, browser: Browser, stream: string): Promise<number> {
  const stop = new AbortController();
  const visual = (async () => {
    const tokens = connect(server.url).stream(stream).tokens({ from: 'earliest', signal: stop.signal });
    for await (const message of tokens) if (message.type === 'visual') return message.emitted;
    throw new Error('the stream ended before its first visual');
  })();
  await using tab = await publish(server, browser, stream);
  const emitted = await visual;
  stop.abort();
  const posted = await tab.page.evaluate(() => {
    const calls = performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/whip'));
    return performance.timeOrigin + calls[0]!.startTime;
  });
  await tab.stop();
  return emitted - posted;
}

async function measureSteady(
  server: MeasuredServer,
  browser: Browser,
  seconds: number,
): Promise<{ measures: Measure[]; notes: string[] }> {
  const messages: Message[] = [];
  const stop = new AbortController();
  const reading = (async () => {
    const tokens = connect(server.url).stream('steady').tokens({ signal: stop.signal });
    for await (const message of tokens) messages.push(message);
  })().catch(() => undefined);
  await using tab = await publish(server, browser, 'steady');
  const sharpMs = await timeToWidth(tab);
  await pause(2000);
  messages.length = 0;
  const before = await server.read();
  await pause(seconds * 1000);
  const after = await server.read();
  const { publisher } = await connect(server.url).stream('steady').info();
  const outbound = await tab.outbound();
  stop.abort();
  await reading;
  await tab.stop();
  return {
    measures: [
      { name: `until ${WIDTH_PX} px wide`, value: sharpMs, unit: 'ms', atMost: 10_000 },
      ...delays(messages, 'visual'),
      ...delays(messages, 'motion'),
      {
        name: 'processor, one publisher with tokens',
        value: (100 * (after.cpuMs - before.cpuMs)) / (seconds * 1000),
        unit: '% of a core',
      },
      { name: 'event-loop delay, p99', value: after.loopDelayMs.p99, unit: 'ms', atMost: 20 },
      { name: 'round trip', value: publisher?.rtp?.roundTripMs ?? Number.NaN, unit: 'ms' },
    ],
    notes: [
      `the browser sends ${outbound.frameWidth}x${outbound.frameHeight} at ${outbound.framesPerSecond} pictures a second, target ${outbound.targetBitrate} bit/s`,
      `glass: the time at which the browser says that the newest picture of a message was captured; ${JSON.stringify(publisher?.rtp?.packets)}`,
    ],
  };
}

/** From the call of `publish` until the browser sends at the camera's width. */
async function timeToWidth(tab: WhipTab): Promise<number> {
  const beganMs = performance.now() - tab.publishedMs;
  while (performance.now() - beganMs < GIVE_UP_MS) {
    if ((await tab.outbound()).frameWidth === WIDTH_PX) return performance.now() - beganMs;
    await pause(POLL_MS);
  }
  return Number.POSITIVE_INFINITY;
}

function delays(messages: readonly Message[], type: 'visual' | 'motion'): Measure[] {
  const sample = messages.flatMap((message) =>
    message.type === type && message.captured !== undefined ? [message.emitted - message.captured] : [],
  );
  const found = percentilesOf(sample);
  return (['p50', 'p95'] as const).map((name) => ({
    name: `glass to ${type}, ${name} of ${found?.count ?? 0}`,
    value: found?.[name] ?? Number.NaN,
    unit: 'ms',
  }));
}
