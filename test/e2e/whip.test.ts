import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { connect } from '../../client-sdk/index.ts';
import type { Message } from '../../client-sdk/protocol/messages.ts';
import type { DemuxEvent } from '../../pipeline/types.ts';
import type { Session } from '../../server/sessions/session.ts';
import { beforeGap } from '../support/before-gap.ts';
import { openWhipTab } from '../support/camera-browser.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { hasProgram } from '../support/programs.ts';
import { tokenizeRecorded } from '../support/recording-engine.ts';
import { publisherOf, startTestServer, type TestEngine, type TestServer } from '../support/test-server.ts';
import { tokensOf } from '../support/tokenize-bytes.ts';
import { openWhipStage, type WhipStage } from '../support/whip-stage.ts';

const TIMEOUT_MS = 120_000;

/** The tokens from the first keyframe to the first gap after it. */
function untilGap(messages: readonly Message[]): object[] {
  const tokens = messages
    .slice(messages.findIndex(({ type }) => type === 'visual'))
    .filter(({ type }) => type === 'visual' || type === 'motion' || type === 'gap');
  return tokensOf(beforeGap(tokens) as never).map(({ seq: _, ...rest }: { seq?: number }) => rest);
}

const droppedIn = (events: readonly DemuxEvent[]): number =>
  events.reduce((sum, event) => sum + (event.type === 'loss' ? event.dropped : 0), 0);

/** Waits until a publisher has given so many motion messages and visuals. */
const untilTokens = (session: Session, { motion, visual }: { motion: number; visual: number }) =>
  vi.waitUntil(
    () => session.statistics.messages.motion >= motion && session.statistics.messages.visual >= visual,
    { timeout: 60_000, interval: 20 },
  );

describe.skipIf(!hasProgram(CHROMIUM) || !hasProgram('ffmpeg'))(
  `whip-whep in ${CHROMIUM}, with the camera's clip made by ffmpeg`,
  { timeout: TIMEOUT_MS },
  () => {
    let browser: Browser;
    let engine: TestEngine;
    let server: TestServer;
    let stage: WhipStage;
    beforeAll(async () => {
      stage = await openWhipStage();
      ({ browser, engine, server } = stage);
    }, TIMEOUT_MS);
    afterAll(() => stage?.[Symbol.asyncDispose]());

    test.each([
      ['H264', 'h264', 'bitstream'],
      ['VP8', 'vp8', 'reencode'],
      ['VP9', 'vp9', 'reencode'],
      ['AV1', 'av1', 'reencode'],
    ])(
      'publishes %s, whose ids are those of the same access units offline',
      async (name, codec, motionSource) => {
        const stream = `cam-${codec}`;
        await using tab = await openWhipTab(browser, { url: server.url, stream, codec: `video/${name}` });
        const session = await publisherOf(server.app, stream);
        await untilTokens(session, { visual: 2, motion: 4 });
        const { rtp } = session;
        await tab.stop();
        const { summary } = await session.done;
        expect(summary.reason).toBe('finished');
        expect(rtp).toMatchObject({
          connection: 'connected',
          packets: { lost: 0, ignored: 0 },
          keyframeRequests: { fir: 0, ignored: 0 },
        });
        const live = await stage.messagesOf(stream);
        expect(live[0]).toMatchObject({ type: 'start', codec, width: 640, height: 360, motionSource });
        const events = stage.recording.recorded.get(stream)!;
        // A browser may send its first picture before the server has the keys; nothing else is missing.
        const before = events.slice(
          0,
          events.findIndex(({ type }) => type === 'unit'),
        );
        expect(rtp!.unitsLost).toBe(droppedIn(before));
        expect(rtp!.unitsLost).toBeLessThanOrEqual(1);
        const offline = untilGap(await tokenizeRecorded(engine, events));
        const tokens = untilGap(live);
        expect(tokens.length).toBeGreaterThan(5);
        expect(tokens).toEqual(offline.slice(0, tokens.length));
      },
    );

    test('tells when pictures were captured and how far away the browser is', async () => {
      await using tab = await openWhipTab(browser, { url: server.url, stream: 'clock' });
      const session = await publisherOf(server.app, 'clock');
      await vi.waitUntil(() => session.rtp?.roundTripMs !== undefined, { timeout: 30_000, interval: 20 });
      await untilTokens(session, { visual: 2, motion: 6 });
      await tab.stop();
      const captured = (await stage.messagesOf('clock')).flatMap((message) =>
        message.type === 'motion' && message.captured !== undefined
          ? [Math.abs(message.received - message.captured)]
          : [],
      );
      expect(captured.length).toBeGreaterThan(0);
      // Both tell the time of this machine, the browser by NTP's epoch.
      for (const distanceMs of captured) expect(distanceMs).toBeLessThan(10_000);
    });

    test('is asked for keyframes as often as configured', async () => {
      await using often = await startTestServer(engine, { webrtcKeyframeIntervalMs: 400 });
      await using tab = await openWhipTab(browser, { url: often.url, stream: 'often' });
      const session = await publisherOf(often.app, 'often');
      await vi.waitUntil(() => (session.rtp?.keyframeRequests.pli ?? 0) >= 4, { timeout: 30_000 });
      const coded = (await tab.outbound()).keyFramesEncoded;
      expect(coded).toBeGreaterThanOrEqual(4);
      expect(session.rtp?.keyframeRequests).toMatchObject({ fir: 0, ignored: 0 });
      await tab.stop();
    });

    test('goes on through an ICE restart, in the same epoch', async () => {
      await using tab = await openWhipTab(browser, { url: server.url, stream: 'restart' });
      const session = await publisherOf(server.app, 'restart');
      await untilTokens(session, { visual: 1, motion: 1 });
      await tab.restart();
      const { motion, visual } = session.statistics.messages;
      await untilTokens(session, { visual, motion: motion + 4 });
      expect(session.rtp?.connection).toBe('connected');
      expect(session.statistics.messages.gap).toBe(0);
      await tab.stop();
      expect((await session.done).summary.reason).toBe('finished');
    });

    test('is gone soon after its tab; who reads stays, and the next publisher starts a new epoch', async () => {
      const messages: Message[] = [];
      const stop = new AbortController();
      const reading = (async () => {
        const tokens = connect(server.url).stream('again').tokens({ signal: stop.signal });
        for await (const message of tokens) messages.push(message);
      })().catch(() => undefined);
      const first = await openWhipTab(browser, { url: server.url, stream: 'again' });
      const session = await publisherOf(server.app, 'again');
      await untilTokens(session, { visual: 1, motion: 1 });
      await first.page.close();
      const { summary } = await session.done;
      expect(['lost', 'finished']).toContain(summary.reason);
      await using second = await openWhipTab(browser, { url: server.url, stream: 'again' });
      const next = await publisherOf(server.app, 'again');
      await untilTokens(next, { visual: 1, motion: 1 });
      await second.stop();
      await next.done;
      await vi.waitUntil(() => messages.filter(({ type }) => type === 'end').length === 2, {
        timeout: 60_000,
      });
      stop.abort();
      await reading;
      const order = messages.filter(({ type }) => type === 'start' || type === 'end');
      expect(order.map((message) => [message.type, 'epoch' in message && message.epoch])).toEqual([
        ['start', session.epoch],
        ['end', session.epoch],
        ['start', next.epoch],
        ['end', next.epoch],
      ]);
    });
  },
);
