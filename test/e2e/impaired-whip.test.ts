import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Message } from '../../client-sdk/protocol/messages.ts';
import { H264Reader } from '../../pipeline/demux/h264-reader.ts';
import type { DemuxEvent } from '../../pipeline/types.ts';
import type { Session } from '../../server/sessions/session.ts';
import { openWhipTab, type WhipTab } from '../support/camera-browser.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { hasProgram } from '../support/programs.ts';
import { publisherOf } from '../support/test-server.ts';
import { openUdpRelay, type UdpRelay } from '../support/udp-relay.ts';
import { openWhipStage, type WhipStage } from '../support/whip-stage.ts';

const TIMEOUT_MS = 120_000;
const SEED = 20_260_101;

/** A publisher behind a bad path. */
interface Impaired extends AsyncDisposable {
  readonly relay: UdpRelay;
  readonly session: Session;
  readonly tab: WhipTab;
}

describe.skipIf(!hasProgram(CHROMIUM) || !hasProgram('ffmpeg'))(
  `a path with loss between ${CHROMIUM} and the server`,
  { timeout: TIMEOUT_MS },
  () => {
    let stage: WhipStage;
    beforeAll(async () => {
      stage = await openWhipStage({ webrtcSilenceMs: 20_000 });
    }, TIMEOUT_MS);
    afterAll(() => stage?.[Symbol.asyncDispose]());

    async function publish(stream: string): Promise<Impaired> {
      const { browser, server } = stage;
      const port = (await server.app.peers.open())[0]!.port;
      const relay = await openUdpRelay(port, { seed: SEED });
      const tab = await openWhipTab(browser, {
        url: server.url,
        stream,
        codec: 'video/H264',
        rewrite: [[` 127.0.0.1 ${port} typ host`, ` 127.0.0.1 ${relay.port} typ host`]],
      });
      const session = await publisherOf(server.app, stream);
      await vi.waitUntil(() => session.statistics.messages.visual > 0, { timeout: 30_000 });
      return {
        relay,
        session,
        tab,
        [Symbol.asyncDispose]: async () => {
          await tab[Symbol.asyncDispose]();
          await relay[Symbol.asyncDispose]();
        },
      };
    }

    const received = (session: Session): number => session.rtp?.packets.received ?? 0;
    const untilPackets = (session: Session, packets: number) =>
      vi.waitUntil(() => received(session) >= packets, { timeout: 60_000, interval: 20 });

    test('2 % loss at 50 ms delay: what is lost is sent again, and of 200 pictures in a row none is missing', async () => {
      await using path = await publish('two');
      const { relay, session, tab } = path;
      Object.assign(relay.conditions, { loss: 0.02, delayMs: 25 });
      await Promise.all([untilPackets(session, received(session) + 1500), untilSpotless(session, 200)]);
      await tab.stop();
      await session.done;
      const rtp = session.rtp!;
      expect(relay.counts.dropped).toBeGreaterThan(15);
      expect(rtp.packets.recovered).toBeGreaterThan(10);
      expect(rtp.retransmissionRequests).toBeGreaterThanOrEqual(rtp.packets.recovered);
      expectNoSilentLoss(stage.recording.recorded.get('two')!);
      expectInOrder(await stage.messagesOf('two'));
    });

    test('10 % loss: no picture misses a reference in silence, and tokens are clean again after it', async () => {
      await using path = await publish('ten');
      const { relay, session, tab } = path;
      Object.assign(relay.conditions, { loss: 0.1, delayMs: 50 });
      await untilPackets(session, received(session) + 600);
      Object.assign(relay.conditions, { loss: 0, delayMs: 0 });
      const { visual } = session.statistics.messages;
      await vi.waitUntil(() => session.statistics.messages.visual >= visual + 2, { timeout: 30_000 });
      await tab.stop();
      await session.done;
      expect(session.rtp!.packets.recovered).toBeGreaterThan(0);
      expectNoSilentLoss(stage.recording.recorded.get('ten')!);
      const messages = await stage.messagesOf('ten');
      expectInOrder(messages);
      const last = messages.filter(({ type }) => type === 'visual').at(-1);
      expect(last).not.toHaveProperty('degraded');
    });

    test('a blackout: a gap, then clean tokens, in the same epoch', async () => {
      await using path = await publish('black');
      const { relay, session, tab } = path;
      await vi.waitUntil(() => session.statistics.counters.unitsIn > 20, { timeout: 30_000 });
      relay.conditions.loss = 1;
      const dropped = relay.counts.dropped;
      // A second and more of media: a browser sends at least its video's packets, and checks.
      await vi.waitUntil(() => relay.counts.dropped > dropped + 400, { timeout: 30_000 });
      relay.conditions.loss = 0;
      const { visual } = session.statistics.messages;
      await vi.waitUntil(() => session.statistics.messages.visual >= visual + 2, { timeout: 30_000 });
      await tab.stop();
      const { summary } = await session.done;
      expect(summary.reason).toBe('finished');
      expect(session.rtp!.packets.lost).toBeGreaterThan(0);
      expectNoSilentLoss(stage.recording.recorded.get('black')!);
      const messages = await stage.messagesOf('black');
      expectInOrder(messages);
      const gap = messages.findIndex(({ type }) => type === 'gap');
      expect(gap).toBeGreaterThan(0);
      const after = messages
        .slice(gap)
        .filter(({ type }) => type === 'visual')
        .at(-1);
      expect(after).not.toHaveProperty('degraded');
    });
  },
);

/**
 * Waits for so many pictures in a row that all came. On a machine that is busy with other things a retransmission may come
 * too late once: the pictures are counted anew from there.
 */
async function untilSpotless(session: Session, pictures: number): Promise<void> {
  const { counters } = session.statistics;
  let [begin, lost] = [counters.unitsIn, session.rtp!.unitsLost];
  await vi.waitUntil(
    () => {
      if (session.rtp!.unitsLost > lost) [begin, lost] = [counters.unitsIn, session.rtp!.unitsLost];
      return counters.unitsIn - begin >= pictures;
    },
    { timeout: 80_000, interval: 20 },
  );
}

/** By the stream's own numbers of its reference pictures, none is missing that was not reported. */
function expectNoSilentLoss(events: readonly DemuxEvent[]): void {
  const reader = new H264Reader();
  let silent = 0;
  let units = 0;
  for (const event of events) {
    if (event.type === 'loss') reader.resume();
    if (event.type !== 'unit') continue;
    const facts = reader.read(event.unit.data, event.unit.isKeyframe);
    units += 1;
    silent += facts.type === 'picture' ? facts.missing : 1;
  }
  expect(units).toBeGreaterThan(20);
  expect(silent).toBe(0);
}

/** Numbered without a hole, and never back in media time. */
function expectInOrder(messages: readonly Message[]): void {
  const numbered = messages.flatMap((message) => ('seq' in message ? [message.seq] : []));
  expect(numbered).toEqual(numbered.map((_, index) => index));
  const times = messages.flatMap((message) => ('pts' in message ? [message.pts] : []));
  expect(times).toEqual(times.toSorted((one, other) => one - other));
}
