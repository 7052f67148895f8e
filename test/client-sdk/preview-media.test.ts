import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM, launchChromium } from '../support/chromium.ts';
import { hasProgram } from '../support/programs.ts';
import { openSdkTab, type SdkTabGlobals } from '../support/sdk-tab.ts';
import {
  MEDIA,
  openTestEngine,
  startTestServer,
  type TestEngine,
  type TestServer,
} from '../support/test-server.ts';

const POLL = { timeout: 60_000 };
const TIMEOUT_MS = 180_000;

interface Globals extends SdkTabGlobals {
  media: MediaStream;
  video: HTMLVideoElement;
  stopping: AbortController;
  types: string[];
}

/** Watches the stream in a video element. */
const watch = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    const tab = globalThis as unknown as Globals;
    tab.stopping = new AbortController();
    tab.types = [];
    tab.media = await tab.stream.preview({
      signal: tab.stopping.signal,
      reconnect: { nextDelayMs: () => 500 },
      onState: (state) => tab.states.push(state),
      onMessage: ({ type }) => tab.types.push(type),
    });
    tab.video = Object.assign(document.createElement('video'), { muted: true, srcObject: tab.media });
    document.body.append(tab.video);
    await new Promise<void>((resolve) => {
      resolve();
      tab.video.play().catch(() => undefined);
    });
  });

const publishCity = ({ url }: TestServer): Promise<Response> =>
  fetch(`${url}/v1/streams/cam?takeover=true`, {
    method: 'PUT',
    body: readFileSync(join(MEDIA, 'city-h264-p.ts')),
  });
const shown = (page: Page): Promise<number> =>
  page.evaluate('video.getVideoPlaybackQuality().totalVideoFrames');
const lastState = (page: Page): Promise<string> => page.evaluate('states.at(-1)');

describe.skipIf(!hasProgram(CHROMIUM))('preview() in Chromium', { timeout: TIMEOUT_MS }, () => {
  let engine: TestEngine;
  let browser: Browser;
  beforeAll(async () => {
    engine = await openTestEngine();
    browser = await launchChromium();
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser?.close();
    await engine?.close();
  });

  it('gives a MediaStream that plays the reconstruction, and messages, until the signal ends it', async () => {
    await using server = await startTestServer(engine);
    const page = await openSdkTab(browser, server.url, 'cam');
    await watch(page);
    expect(await page.evaluate('states')).toEqual(['connecting', 'connected']);
    await publishCity(server);
    await expect.poll(() => shown(page), POLL).toBeGreaterThan(3);
    await expect
      .poll(() => page.evaluate('types'), POLL)
      .toEqual(expect.arrayContaining(['start', 'visual', 'motion', 'end']));
    expect(server.app.registry.viewers).toBe(1);
    await page.evaluate('stopping.abort()');
    await expect.poll(() => lastState(page), POLL).toBe('closed');
    await expect.poll(() => server.app.registry.viewers, POLL).toBe(0);
    await page.close();
  });

  it('keeps the MediaStream and goes on playing when the server was away', async () => {
    const server = await startTestServer(engine, { shutdownGraceMs: 100 });
    const page = await openSdkTab(browser, server.url, 'cam');
    await watch(page);
    await publishCity(server);
    await expect.poll(() => shown(page), POLL).toBeGreaterThan(3);
    await server[Symbol.asyncDispose]();
    await expect.poll(() => lastState(page), POLL).toBe('reconnecting');
    await using again = await startTestServer(engine, { port: server.port });
    await expect.poll(() => lastState(page), POLL).toBe('connected');
    expect(await page.evaluate('video.srcObject === media && media.getTracks().length')).toBe(1);
    const track = await page.evaluate('media.getVideoTracks()[0].id');
    await publishCity(again);
    const isPlaying = async (): Promise<boolean> =>
      await page.evaluate("!video.paused && media.getVideoTracks()[0].readyState === 'live'");
    await expect.poll(isPlaying, POLL).toBe(true);
    const before = await shown(page);
    await publishCity(again);
    await expect.poll(() => shown(page), POLL).not.toBe(before);
    expect(await page.evaluate('media.getVideoTracks()[0].id')).toBe(track);
    await page.close();
  });
});
