import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../client-sdk/index.ts';
import { loadConfig } from '../../server/config.ts';
import { createLog } from '../../server/log.ts';
import { type OwnedEngine, openEngine } from '../../server/start.ts';
import { openCameraBrowser } from '../support/camera-browser.ts';
import { CHROMIUM } from '../support/chromium.ts';
import { hasProgram } from '../support/programs.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';
import { buildPage, openStudio, type StudioPage } from './browser.ts';

const POLL = { timeout: 90_000 };
const TIMEOUT_MS = 300_000;
const CLIP = { media: 'city-h264-p.ts', widthPx: 640, heightPx: 360, framesPerSecond: 15 };

/** Publishes the camera of the page in a codec. */
async function publishCamera({ page }: StudioPage, codec: string): Promise<void> {
  await page.click('#open-camera');
  await page.fill('#camera-stream', 'cam');
  await page.check(`input[name=codec][value=${codec}]`, { force: true });
  await page.click('#camera-form button[type=submit]');
}

/** The returning video as the mean colours of 16 x 9 areas. */
const thumbnail = (page: Page): Promise<string> =>
  page.$eval('#preview-video', (found) => {
    const context = Object.assign(document.createElement('canvas'), { width: 16, height: 9 }).getContext(
      '2d',
    )!;
    context.drawImage(found as HTMLVideoElement, 0, 0, 16, 9);
    return context.getImageData(0, 0, 16, 9).data.join();
  });

const codecOf = async ({ url }: TestServer): Promise<string | undefined> =>
  (await connect(url).stream('cam').info()).media?.codec;

const hasAll = hasProgram(CHROMIUM) && hasProgram('ffmpeg');

describe.skipIf(!hasAll)('Studio’s camera over WebRTC', { timeout: TIMEOUT_MS }, () => {
  let engine: OwnedEngine;
  let browser: Browser;
  beforeAll(async () => {
    const config = loadConfig({ env: {}, flags: { logLevel: 'silent' } });
    engine = await openEngine(config, createLog(config));
    buildPage();
    browser = await openCameraBrowser(CLIP);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser?.close();
    await engine?.close();
  });

  test.each(['h264', 'vp8', 'vp9', 'av1'])('gives tokens in %s and a video that moves', async (codec) => {
    await using server = await startTestServer(engine);
    await using studio = await openStudio(browser, server.url);
    const { page } = studio;
    await publishCamera(studio, codec);
    await studio.expectText('#left-note', new RegExp(`^${codec.toUpperCase()} over WebRTC`));
    await studio.expectText('#right-note', /^video over WebRTC/);
    expect(await codecOf(server)).toBe(codec);
    const seen = new Set<string>();
    const pictures = async (): Promise<number> => {
      seen.add(await thumbnail(page));
      return seen.size;
    };
    await expect.poll(pictures, POLL).toBeGreaterThanOrEqual(4);
    await studio.expectText('.figure:nth-child(5)', /End to end[\d.]+m?s/);
    await studio.screenshot(`webrtc-${codec}`);
    expect(await page.isVisible('#preview')).toBe(false);
    await page.click('#stop');
    await studio.expectText('#notice', /cam has ended\. The publisher has sent everything\./);
    expect(studio.complaints).toEqual([]);
  });

  test('measures the round trip by numbers in the pictures, and goes on with plain ones', async () => {
    await using server = await startTestServer(engine, { webrtcKeyframeIntervalMs: 1000 });
    await using studio = await openStudio(browser, server.url);
    const { page } = studio;
    await publishCamera(studio, 'h264');
    await page.click('#measure', { timeout: POLL.timeout });
    await studio.expectText('.figure:nth-child(8)', /Round trip[\d.]+m?s.*measuring, \d keyframes? read/);
    await studio.screenshot('webrtc-measuring');
    await studio.expectText(
      '.figure:nth-child(8)',
      /Round trip[\d.]+m?scamera to picture, \d keyframes? read/,
    );
    await studio.expectText('#left-note', /held back by the round trip of/);
    await studio.screenshot('webrtc-measured');
    await page.click('#stop');
    await studio.expectText('#notice', /cam has ended/);
    expect(studio.complaints).toEqual([]);
  });

  test('fits a phone, and offers the codecs in the dialog', async () => {
    await using server = await startTestServer(engine);
    await using studio = await openStudio(browser, server.url, { widthPx: 390, heightPx: 844 });
    const { page } = studio;
    await page.click('#open-camera');
    expect(await page.$$eval('input[name=codec]:enabled', (all) => all.length)).toBe(4);
    await studio.screenshot('webrtc-phone-dialog');
    await page.click('#camera-form [data-close]');
    await publishCamera(studio, 'vp9');
    await studio.expectText('#right-note', /^video over WebRTC/);
    await studio.screenshot('webrtc-phone');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    await page.click('#stop');
    await studio.expectText('#notice', /cam has ended/);
  });

  test('draws motion over JPEGs from the WebSocket, and goes back to the video', async () => {
    await using server = await startTestServer(engine);
    await using studio = await openStudio(browser, server.url);
    const { page } = studio;
    await publishCamera(studio, 'h264');
    await studio.expectText('#right-note', /^video over WebRTC/);
    await page.check('input[name=overlay][value=arrows]', { force: true });
    await studio.expectText('#right-note', /JPEG over a WebSocket: motion is drawn over them/);
    await studio.expectText(
      '#left-note',
      /over WebRTC · .*(in step with|ahead of|behind) the rebuilt picture/,
    );
    await page.check('input[name=overlay][value=off]', { force: true });
    await studio.expectText('#right-note', /^video over WebRTC/);
    await page.click('#stop');
    await studio.expectText('#notice', /cam has ended/);
    expect(studio.complaints).toEqual([]);
  });

  test('a browser without WebRTC falls back, and says so', async () => {
    await using server = await startTestServer(engine);
    await using studio = await openStudio(browser, server.url, {
      script: 'delete globalThis.RTCPeerConnection',
    });
    await studio.page.click('#open-camera');
    await studio.page.fill('#camera-stream', 'cam');
    await studio.page.click('#camera-form button[type=submit]');
    await studio.expectText('#left-note', /over a WebSocket: .*no WebRTC \(RTCPeerConnection\)/);
    await studio.expectText('#right-note', /JPEG over a WebSocket: .*no WebRTC/);
    expect((await connect(server.url).stream('cam').info()).publisher?.rtp).toBeUndefined();
  });
});
