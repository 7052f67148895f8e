import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type MediaPublication } from '../../client-sdk/index.ts';
import { openCameraBrowser } from '../support/camera-browser.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { hasProgram } from '../support/programs.ts';
import { openSdkTab, type SdkTabGlobals } from '../support/sdk-tab.ts';
import { openTestEngine, startTestServer, type TestEngine, type TestServer } from '../support/test-server.ts';

const POLL = { timeout: 60_000 };
const TIMEOUT_MS = 240_000;

interface TabOptions {
  readonly codec?: 'h264' | 'vp8' | 'vp9' | 'av1';
  readonly maxBitrate?: number;
  readonly takeover?: boolean;
  readonly withMessages?: boolean;
}
interface Globals extends SdkTabGlobals {
  publication: MediaPublication;
  messages: string[];
}

/** Publishes the tab's camera; gives the code of the error, if it was refused. */
const publish = (page: Page, options: TabOptions = {}): Promise<string | undefined> =>
  page.evaluate(async ({ withMessages, ...wish }) => {
    const tab = globalThis as unknown as Globals;
    const media = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 360 } });
    tab.messages = [];
    try {
      tab.publication = await tab.stream.publish(media, {
        ...wish,
        reconnect: { nextDelayMs: (attempt) => (attempt < 60 ? 500 : undefined) },
        onState: (state, reason) =>
          tab.states.push(reason === undefined ? state : `${state}: ${(reason as { code: string }).code}`),
        ...(withMessages && {
          onMessage: (message) =>
            tab.messages.push(message.type === 'skip' ? 'skip' : `${message.epoch}:${message.seq}`),
        }),
      });
      return undefined;
    } catch (error) {
      return (error as { code: string }).code;
    }
  }, options);

const states = (page: Page): Promise<string[]> => page.evaluate('states');
const codecOf = async ({ url }: TestServer): Promise<string | undefined> =>
  (await connect(url).stream('cam').info()).media?.codec;
const motionOf = async ({ url }: TestServer): Promise<number> =>
  (await connect(url).stream('cam').info()).publisher?.messages.motion ?? 0;

const hasAll = hasProgram(CHROMIUM) && hasProgram('ffmpeg');

describe.skipIf(!hasAll)('publish(mediaStream) in Chromium', { timeout: TIMEOUT_MS }, () => {
  let engine: TestEngine;
  let browser: Browser;
  beforeAll(async () => {
    engine = await openTestEngine();
    const clip = { media: 'city-h264-p.ts', widthPx: 320, heightPx: 180, framesPerSecond: 15 };
    browser = await openCameraBrowser(clip);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser?.close();
    await engine?.close();
  });

  it('sends H.264 by default, gives its messages back on a data channel, and ends as finished', async () => {
    await using server = await startTestServer(engine);
    const page = await openSdkTab(browser, server.url, 'cam');
    expect(await publish(page, { maxBitrate: 300_000, withMessages: true })).toBeUndefined();
    expect(await states(page)).toEqual(['connecting', 'connected']);
    await expect.poll(() => motionOf(server), POLL).toBeGreaterThan(2);
    expect(await codecOf(server)).toBe('h264');
    const sent = await page.evaluate(() => {
      const { publication } = globalThis as unknown as Globals;
      return publication.connection?.getSenders()[0]?.getParameters().encodings[0]?.maxBitrate;
    });
    expect(sent).toBe(300_000);
    await page.evaluate('publication.close()');
    expect(await states(page)).toEqual(['connecting', 'connected', 'closed']);
    const tokens = await fetch(`${server.url}/v1/streams/cam/tokens?from=earliest&until=end`);
    const journal = (await tokens.text()).trim().split('\n');
    expect(JSON.parse(journal.at(-1)!)).toMatchObject({ type: 'end', reason: 'finished' });
    const cursors = journal.map((line) => JSON.parse(line)).map(({ epoch, seq }) => `${epoch}:${seq}`);
    const seen: string[] = await page.evaluate('messages');
    expect(seen.length).toBeGreaterThan(3);
    expect(cursors.slice(0, seen.length)).toEqual(seen);
    await page.close();
  });

  it.each(['vp8', 'vp9', 'av1'] as const)('sends %s where that is asked for', async (codec) => {
    await using server = await startTestServer(engine);
    const page = await openSdkTab(browser, server.url, 'cam');
    expect(await publish(page, { codec })).toBeUndefined();
    await expect.poll(() => codecOf(server), POLL).toBe(codec);
    await page.close();
  });

  it('is refused in the server’s words, and comes by takeover; who was replaced is told', async () => {
    await using server = await startTestServer(engine);
    const [first, second] = [
      await openSdkTab(browser, server.url, 'cam'),
      await openSdkTab(browser, server.url, 'cam'),
    ];
    expect(await publish(first)).toBeUndefined();
    expect(await publish(second)).toBe('stream-busy');
    expect(await states(second)).toEqual(['connecting', 'closed: stream-busy']);
    expect(await publish(second, { takeover: true })).toBeUndefined();
    await expect.poll(async () => (await states(first)).at(-1), POLL).toBe('closed: replaced');
    expect(await second.evaluate('publication.state')).toBe('connected');
    await first.close();
    await second.close();
  });

  it('is told when the stream was ended, and does not publish again', async () => {
    await using server = await startTestServer(engine);
    const page = await openSdkTab(browser, server.url, 'cam');
    expect(await publish(page)).toBeUndefined();
    await expect.poll(() => motionOf(server), POLL).toBeGreaterThan(0);
    const offers: string[] = [];
    page.on('request', (request) => request.method() === 'POST' && offers.push(request.url()));
    const closed = page.evaluate(() =>
      (globalThis as unknown as Globals).publication.closed.catch(({ code, message }) => [code, message]),
    );
    await connect(server.url).stream('cam').end();
    expect(await closed).toEqual(['stream-ended', 'The stream was ended']);
    expect(await states(page)).toEqual(['connecting', 'connected', 'closed: stream-ended']);
    expect(offers).toEqual([]);
    expect(server.app.registry.publishers).toBe(0);
    await page.close();
  });

  it('comes back by itself when the server does', async () => {
    const server = await startTestServer(engine, { shutdownGraceMs: 100 });
    const page = await openSdkTab(browser, server.url, 'cam');
    expect(await publish(page)).toBeUndefined();
    await server[Symbol.asyncDispose]();
    await expect.poll(async () => (await states(page)).at(-1), POLL).toBe('reconnecting');
    await using again = await startTestServer(engine, { port: server.port });
    await expect.poll(async () => (await states(page)).at(-1), POLL).toBe('connected');
    await expect.poll(() => motionOf(again), POLL).toBeGreaterThan(0);
    await page.close();
  });

  it('says clearly where the browser has no WebRTC or not the codec', async () => {
    await using server = await startTestServer(engine);
    const page = await openSdkTab(browser, server.url, 'cam');
    expect(await publish(page, { codec: 'h265' as 'h264' })).toBe('unsupported');
    await page.evaluate('delete globalThis.RTCPeerConnection');
    expect(await publish(page)).toBe('unsupported');
    await page.close();
  });
});

describe('where there is no WebRTC', () => {
  it('publish(mediaStream) and preview() reject with unsupported, before any call', async () => {
    const stream = connect('http://127.0.0.1:9').stream('cam');
    const media = { getVideoTracks: () => [] } as unknown as MediaStream;
    await expect(stream.publish(media)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('RTCPeerConnection'),
      isRetryable: false,
    });
    await expect(stream.preview()).rejects.toMatchObject({ code: 'unsupported' });
  });
});
